"""Writes fixtures/audio.json: gammatone and mel filters of scipy and librosa, and small sounds.

    python make_audio.py

Needs numpy, scipy 1.17, librosa 0.11 and soundfile 0.14 of PyPI. The impulse responses are those of
scipy.signal.gammatone(f, "iir", fs=rate) through scipy.signal.lfilter (one section of 8th order,
which is not stable far below 500 Hz at 8 kHz); the mel powers are
librosa.feature.melspectrogram's with center=False and its defaults.
"""

import json
from pathlib import Path

import librosa
import numpy as np
import scipy.signal
import soundfile

HERE = Path(__file__).parent / "fixtures"


def gammatone(frequency, rate, n=400):
    impulse = np.zeros(n)
    impulse[0] = 1.0
    b, a = scipy.signal.gammatone(frequency, "iir", fs=rate)
    response = scipy.signal.lfilter(b, a, impulse)
    return {"frequency_hz": frequency, "rate_hz": rate, "response": response.tolist()}


def mel(n_bands, f_min, f_max, n_frame, rate):
    samples = np.random.default_rng(3).normal(0, 0.1, 4 * n_frame).astype("f4")
    powers = librosa.feature.melspectrogram(
        y=samples.astype(float),
        sr=rate,
        n_fft=n_frame,
        hop_length=n_frame // 2,
        center=False,
        n_mels=n_bands,
        fmin=f_min,
        fmax=f_max,
    )
    return {
        "n_bands": n_bands,
        "f_min_hz": f_min,
        "f_max_hz": f_max,
        "n_frame": n_frame,
        "rate_hz": rate,
        "frequencies_hz": librosa.mel_frequencies(n_bands + 2, fmin=f_min, fmax=f_max)[1:-1].tolist(),
        "samples": samples.tolist(),
        "powers": powers.T.tolist(),
    }


def main():
    found = {
        "gammatone": [gammatone(500.0, 8000), gammatone(1000.0, 8000), gammatone(3000.0, 16000)],
        "mel": [mel(20, 100.0, 3600.0, 200, 8000), mel(12, 50.0, 7000.0, 256, 16000)],
    }
    (HERE / "audio.json").write_text(json.dumps(found) + "\n")
    t = np.arange(800) / 8000
    stereo = np.stack([np.sin(880 * t), np.cos(1300 * t)], axis=1) * 0.5
    samples = np.round(stereo * 32767).astype("i2")
    soundfile.write(HERE / "stereo.flac", samples, 8000, subtype="PCM_16")
    soundfile.write(HERE / "stereo24.wav", stereo, 8000, subtype="PCM_24")
    soundfile.write(HERE / "stereo8.wav", stereo, 8000, subtype="PCM_U8")


main()
