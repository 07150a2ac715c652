"""Second floor: what comes into the corpus, and what stays in it.

`sources` says how public sets are read and `readers` reads them; `screen` drops what must never enter; `filters` and
`dedup` give reasons to leave; `clusters` and `split` keep the exam apart from the lessons; `steps` runs filters on
datatrove's executors.
"""
