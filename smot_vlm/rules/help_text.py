"""How rules are written, for the help of commands: the grammar of sentences, and a file with every key."""

GRAMMAR = """\
WHO [DEED [WHOM]] [in zone NAME | outside zone NAME]
    [for TIME] [between HH:MM and HH:MM]
WHO, WHOM  anyone or [a] KIND, then if wanted: in [a] COLOUR [GARMENT]
           and ..., with [a] THING and ...
DEED       a verb as in a sentence (pushes, shakes hands with), or a
           label (push.v.01)
TIME       1s, 1.5 s, 2 minutes, 1 h
"""
EXAMPLE = """\
zones:
  door:  # corners in shares of width and height, or in pixels
    points: [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9], [0.1, 0.9]]
    pixels: false
rules:
  - rule: anyone pushes anyone for 1s
  - name: runner at the door  # the same in parts
    who: man in red shirt with hat
    does: runs
    zone: door
    outside: false
    seconds: 2
    between: ["22:00", "06:00"]
  - who: anyone
    does: talks to
    whom: woman in blue
"""
