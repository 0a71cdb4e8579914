"""Writes bm25.json: scores of bm25s (https://github.com/xhluca/bm25s, MIT) for documents of random words.

    python -m venv v && v/bin/pip install numpy==2.4.6 bm25s==0.3.16 && v/bin/python bm25.py > bm25.json

Method "lucene": idf ln(1 + (N - n + 0.5) / (n + 0.5)), k1 = 1.2, b = 0.75, without the factor k1 + 1.
"""

import json
import random

import bm25s

random.seed(7)
words = [f"w{i}" for i in range(60)]
chances = [1 / (i + 1) for i in range(60)]
documents = [random.choices(words, chances, k=random.randint(1, 40)) for _ in range(80)]
queries = [random.sample(words[:40], random.randint(1, 6)) for _ in range(25)]

index = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
index.index(documents, show_progress=False)
scores = [[round(float(s), 7) for s in index.get_scores(query)] for query in queries]
made_by = f"bm25.py with bm25s {bm25s.__version__}"
text = {"made_by": made_by, "documents": [" ".join(d) for d in documents], "queries": [" ".join(q) for q in queries]}
print(json.dumps(text | {"scores": scores}))
