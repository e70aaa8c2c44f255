"""The book's colours, each one as (on light paper, on dark paper).

Blue runs forward, orange runs backward; colour-blind readers can tell the two apart.
"""

PAPER = "#ffffff", "#121212"
CARD = "#ffffff", "#1b222c"  # under a live figure
INK = "#1c2530", "#e6e9ee"
MUTED = "#5b6673", "#a3adba"
LINE = "#c5ccd6", "#465161"
FIELD = "#7d8896", "#8390a2"  # around what can be typed into or pressed
TINT = "#fff1e2", "#3a2a18"  # under what is lit
GRID = "#d5dae1", "#3c4654"
FORWARD = "#1a5fb4", "#6fb1ff"
BACKWARD = "#b4500a", "#ffab57"

NEGATIVE, POSITIVE = (118, 42, 131), (27, 120, 55)  # heat maps: purple, green, white at zero
