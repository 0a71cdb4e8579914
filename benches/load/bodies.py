"""What is sent: digits as JSON and as bytes."""

import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def bodies(folder):
    """One digit as JSON, one as bytes, 32 as bytes: path of each body and length of its JSON."""
    images = np.load(ROOT / "models/digits/heldout.npz")["images"].reshape(1000, -1)

    def write(name, n, binary):
        tensor = {"name": "input", "shape": [n, 784], "datatype": "UINT8"}
        if binary:
            tensor["parameters"] = {"binary_data_size": 784 * n}
        else:
            tensor["data"] = images[:n].ravel().tolist()
        head = json.dumps({"inputs": [tensor], "outputs": [{"name": "class"}]}).encode()
        tail = images[:n].astype("u1").tobytes() if binary else b""
        (folder / name).write_bytes(head + tail)
        return folder / name, len(head) if binary else None

    return {
        "digit, JSON": write("one.json", 1, False),
        "digit, bytes": write("one.bin", 1, True),
        "32 digits, bytes": write("batch.bin", 32, True),
    }
