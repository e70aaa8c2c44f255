"""Where things stand in a drawing: boxes in rows so that no arrow meets one, plates on edges."""

import math
import random

PAGE = 692  # pixels across, on a wide page
TRIES, TOUCHES = 40, 9  # starts to place plates from; the cost from which one touches something
LANE = 22  # pixels that an edge takes on its way past a row of boxes


def rows_of(names, edges, most):
    """Return the names by row, sources in earlier rows than what uses them, the results last.

    Parameters
    ----------
    names : list of str
        Sources before what uses them.
    edges : list of (str, str)
        Source and user.
    most : int
        How many names fit into a row.
    """
    from_end, count = {}, {}
    for name in reversed(names):
        level = max((from_end[user] + 1 for source, user in edges if source == name), default=0)
        while count.get(level, 0) == most:
            level += 1
        from_end[name], count[level] = level, count.get(level, 0) + 1
    last = max(from_end.values())
    return [[name for name in names if last - from_end[name] == row] for row in range(last + 1)]


def with_lanes(rows, edges):
    """Return the rows in a good order with lanes in them, and for each edge the slots it passes.

    A lane (source, row) lets the edges of one source pass a row of boxes.
    """
    row_of = {name: row for row, names in enumerate(rows) for name in names}
    slots, routes = [list(names) for names in rows], {}
    for source, user in edges:
        lanes = [(source, row) for row in range(row_of[source] + 1, row_of[user])]
        routes[source, user] = [source, *lanes, user]
        for lane in lanes:
            if lane not in slots[lane[1]]:
                slots[lane[1]].append(lane)
    steps = {step for route in routes.values() for step in zip(route, route[1:], strict=False)}
    best, fewest = slots, math.inf
    for round_ in range(12):  # sort each row by its neighbours' places, down and up in turn
        down = round_ % 2 == 0
        for row in range(1, len(slots)) if down else range(len(slots) - 2, -1, -1):
            near = slots[row - 1 if down else row + 1]
            middle = {slot: k - (len(near) - 1) / 2 for k, slot in enumerate(near)}
            ends = [(b, a) if down else (a, b) for a, b in steps]
            now = {slot: k - (len(slots[row]) - 1) / 2 for k, slot in enumerate(slots[row])}

            def pull(slot, ends=ends, middle=middle, now=now):
                pulls = [middle[other] for own, other in ends if own == slot and other in middle]
                return sum(pulls) / len(pulls) if pulls else now[slot]

            slots = [*slots[:row], sorted(slots[row], key=pull), *slots[row + 1 :]]
        crossings = _crossings(slots, steps)
        if crossings < fewest:
            best, fewest = slots, crossings
    return best, routes


def _crossings(slots, steps):
    place = {slot: k for row in slots for k, slot in enumerate(row)}
    row_of = {slot: k for k, row in enumerate(slots) for slot in row}
    pairs = [(row_of[a], place[a], place[b]) for a, b in steps]
    return sum(
        r == s and (a - c) * (b - d) < 0
        for k, (r, a, b) in enumerate(pairs)
        for s, c, d in pairs[k + 1 :]
    )


def placed(slots, box, gap):
    """Return the middle of each slot along its row, the rows centred, and the longest one's size.

    ``box`` is a box's extent along the row, ``gap`` the space between two slots.
    """
    extent = {slot: LANE if isinstance(slot, tuple) else box for row in slots for slot in row}
    lengths = [sum(extent[s] for s in row) + gap * (len(row) - 1) for row in slots]
    middle = {}
    for row, length in zip(slots, lengths, strict=True):
        at = (max(lengths) - length) / 2
        for slot in row:
            middle[slot] = at + extent[slot] / 2
            at += extent[slot] + gap
    return middle, max(lengths)


def spread_along(ends, size, taken=(), discs=(), radius=0, room=(0.15, 0.85)):
    """Place a plate on each edge where it has the most room.

    Parameters
    ----------
    ends : dict of name to (point, point)
        Where each edge begins and ends.
    size : (float, float)
        Width and height of a plate with its margin.
    taken : sequence of points, optional
        Middles of plates that stand already.
    discs : sequence of points, optional
        Middles of discs of the given radius, to be kept clear of.
    room : (float, float), optional
        The part of an edge on which its plate may stand.
    """
    shares = [room[0] + k / 28 * (room[1] - room[0]) for k in range(29)]
    rng, settled = random.Random(0), []
    start = dict.fromkeys(ends, 0.5)
    for _ in range(TRIES):
        settled.append(_settled(ends, shares, start, size, taken, discs, radius))
        if settled[-1][0] < TOUCHES:
            break
        start = {name: rng.choice(shares) for name in ends}
    return min(settled, key=lambda found: found[0])[1]


def _settled(ends, shares, start, size, taken, discs, radius):
    """Return the worst cost of the places that a few rounds find from a start, and the places."""
    plates = {name: between(*pair, start[name]) for name, pair in ends.items()}
    for _ in range(6):
        worst = 0.0
        for name, pair in ends.items():
            others = [edge for other, edge in ends.items() if edge != pair]
            near = [plate for other, plate in plates.items() if other != name] + list(taken)
            costs = {}
            for t in shares:
                x, y = between(*pair, t)
                aside = abs(t - 0.5)  # where all is free, the middle is best
                costs[x, y] = _crowd(x, y, size, near, others, discs, radius) + aside
            plates[name] = min(costs, key=costs.get)
            worst = max(worst, costs[plates[name]])
    return worst, plates


def _crowd(x, y, size, plates, edges, discs, radius):
    """Return how much a plate at (x, y) is in the way of plates, discs and other edges."""
    wide, high = size
    cost = 0.0
    for u, v in plates:
        overlap = min(1 - abs(x - u) / wide, 1 - abs(y - v) / high)
        cost += 9 + 20 * overlap if overlap > 0 else 0.1 * max(overlap + 1, 0)
    for u, v in discs:
        apart = math.hypot(max(abs(x - u) - wide / 2, 0), max(abs(y - v) - high / 2, 0))
        cost += 9 + radius - apart if apart < radius else 0
    for edge in edges:
        cost += 0.05 * max(30 - _to_segment(x, y, *edge), 0)
    return cost


def between(start, end, t):
    """Return the point at a share t of the way from start to end."""
    return start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])


def _to_segment(x, y, a, b):
    ux, uy = b[0] - a[0], b[1] - a[1]
    t = min(max(((x - a[0]) * ux + (y - a[1]) * uy) / (ux * ux + uy * uy), 0), 1)
    return math.hypot(x - a[0] - t * ux, y - a[1] - t * uy)
