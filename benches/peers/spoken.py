#!/usr/bin/env python3
"""Spoken digits of unseen speakers by MFCC and scikit-learn: the classical baseline.

    spoken.py fsdd_subset_12per.zip

Each of six speakers is held out once (720 clips, 120 a fold). 13 MFCC and their deltas of frames of
25 ms every 10 ms, from the part of the clip above 3 % of its peak, normalised by their mean and
deviation over the clip, in 8 equal parts; then logistic regression and a support vector machine with
a Gaussian kernel, their strength chosen by holding out the training speakers in turn.
Needs numpy, scipy and scikit-learn. Prints one line of JSON for each.
"""

import io
import json
import sys
import zipfile

import numpy as np
from scipy.fft import dct
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

N_MELS, N_MFCC, PARTS = 26, 13, 8


def mfcc(x, rate):
    loud = np.flatnonzero(np.abs(x) > 0.03 * np.abs(x).max())
    x = x[loud[0]:loud[-1] + 1].astype(float)
    x = np.append(x[0], x[1:] - 0.97 * x[:-1])
    size, hop, n_fft = int(0.025 * rate), int(0.010 * rate), 256
    if len(x) < size + hop * PARTS:
        x = np.pad(x, (0, size + hop * PARTS - len(x)))
    starts = np.arange(0, len(x) - size + 1, hop)
    frames = np.stack([x[s:s + size] for s in starts]) * np.hamming(size)
    power = np.abs(np.fft.rfft(frames, n_fft)) ** 2 / n_fft
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(mel(100), mel(rate / 2), N_MELS + 2) / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    up = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(up, down))
    c = dct(np.log(power @ bank.T + 1e-10), norm="ortho")[:, :N_MFCC]
    c = (c - c.mean(0)) / (c.std(0) + 1e-9)
    c = np.hstack([c, np.gradient(c, axis=0)])
    return np.concatenate([part.mean(0) for part in np.array_split(c, PARTS)])


x, y, speaker = [], [], []
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in sorted(archive.namelist()):
        if name.endswith(".wav"):
            digit, who, _ = name.rsplit("/", 1)[-1][:-4].split("_")
            rate, samples = wavfile.read(io.BytesIO(archive.read(name)))
            x.append(mfcc(samples, rate))
            y.append(int(digit))
            speaker.append(who)
x, y, speaker = np.array(x), np.array(y), np.array(speaker)

models = {
    "logistic regression": (LogisticRegression(max_iter=2000), {"logisticregression__C": [0.003, 0.03, 0.3, 3]}),
    "SVM, Gaussian kernel": (SVC(), {"svc__C": [1, 10, 100], "svc__gamma": [3e-4, 1e-3, 3e-3, 1e-2]}),
}
for name, (model, grid) in models.items():
    accuracy = {}
    for train, test in LeaveOneGroupOut().split(x, y, speaker):
        search = GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=LeaveOneGroupOut())
        search.fit(x[train], y[train], groups=speaker[train])
        accuracy[str(speaker[test][0])] = round(100 * float(search.score(x[test], y[test])), 2)
    mean = sum(accuracy.values()) / len(accuracy)
    print(json.dumps({"peer": f"MFCC, {name}", "mean": round(mean, 2), "speakers": accuracy}), flush=True)
