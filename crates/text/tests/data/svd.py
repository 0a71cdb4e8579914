"""Prints what TF-IDF with truncated SVD (latent semantic analysis) finds in the two files here, for docs/decisions/0023.

    python -m venv v && v/bin/pip install numpy==2.4.6 && v/bin/python svd.py
"""

import re
from collections import Counter

import numpy as np

RANK = 100


def read(path):
    texts, questions, sought = [], [], []
    for line in open(path):
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "T":
            texts.append(rest)
        elif kind == "Q":
            question, _, turns = rest.partition(" | ")
            questions.append(question)
            sought.append([int(turn) - 1 for turn in turns.split()] or [len(texts)])
    return texts, questions, sought


def words(text):
    return [re.sub(r"('s|ing|ed|es|s|ly)$", "", w) or w for w in re.findall(r"[\w']+", text.lower())]


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


for path in ["conversation.txt", "documentation.txt"]:
    texts, questions, sought = read(path)
    place = {word: i for i, word in enumerate(sorted({w for text in texts for w in words(text)}))}
    documents = np.zeros(len(place))
    for text in texts:
        for word in set(words(text)):
            documents[place[word]] += 1
    idf = np.log((1 + len(texts)) / (1 + documents)) + 1

    def rows(many):
        out = np.zeros((len(many), len(place)))
        for i, text in enumerate(many):
            for word, n in Counter(words(text)).items():
                if word in place:
                    out[i, place[word]] = (1 + np.log(n)) * idf[place[word]]
        return unit(out)

    axes = np.linalg.svd(rows(texts), full_matrices=False)[2][: min(RANK, len(texts) - 1)].T
    order = np.argsort(-unit(rows(questions) @ axes) @ unit(rows(texts) @ axes).T, axis=1, kind="stable")
    ranks = np.array([min(np.where(order[i] == turn)[0][0] for turn in turns) for i, turns in enumerate(sought)])
    hits = ", ".join(f"@{k} {np.mean(ranks < k):.3f}" for k in (1, 5, 10))
    print(f"{path}: TF-IDF and SVD: any hit {hits}, MRR {np.mean(1 / (ranks + 1)):.3f}")
