"""Two people edit, the network misbehaves, runs go on: everything from one seed, and an oracle that knows every edit.

`stage` sets up database and stand-in, `weather` decides what strikes each call and makes late writes land, `people`
edit and remember, `play` is one seed from its first edit to the quiet after it, `oracle` judges the end.
"""
