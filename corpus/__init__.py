"""Second floor: what comes into the corpus, and what stays in it.

`sources` says how public sets are read and `readers` reads them; `screen` drops what must never enter; `filters`,
`dedup` and `pictures` give reasons to leave; `decontaminate`, `clusters` and `split` keep exams apart from the lessons;
`signals` says what is crowded, hard or doubtful, and `curate` chooses by quotas; `embed` makes texts vectors; `steps`
runs filters on datatrove's executors.
"""
