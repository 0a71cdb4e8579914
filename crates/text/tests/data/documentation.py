"""Writes documentation.txt from the documentation that rustup installs.

    python3 documentation.py $(rustc --print sysroot)/share/doc/rust/html > documentation.txt

Titles of 3 to 12 words, sections of 12 words or more, each once, 500 of them drawn with a fixed seed.
"""

import glob
import html
import random
import re
import sys

BOOKS = ["book", "cargo/**", "edition-guide/**", "nomicon", "rustc/**", "reference/**", "rustdoc/**"]
SECTION = re.compile(r'<h([1-4]) id="[^"]*"><a[^>]*>(.*?)</a></h\1>(.*?)(?=<h[1-4]|</main)', re.S)
HEAD = """\
# Sections of the Rust documentation (The Rust Book, Cargo Book, Reference, Rustc Book, Rustonomicon, Edition Guide, Rustdoc
# Book; version 1.95, (c) the Rust Project's contributors, MIT OR Apache-2.0): a title, then the first 50 words of its section.
# Drawn by chance by documentation.py."""


def plain(markup):
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", "", markup))).strip()


def sections(root):
    seen = set()
    for book in BOOKS:
        for path in sorted(glob.glob(f"{root}/{book}/*.html", recursive=True)):
            if path.endswith("print.html"):
                continue
            for match in SECTION.finditer(open(path).read()):
                title = plain(match[2])
                body = " ".join(" ".join(plain(p) for p in re.findall(r"<p>(.*?)</p>", match[3], re.S)).split()[:50])
                fits = 3 <= len(title.split()) <= 12 and len(body.split()) >= 12
                if fits and title not in seen and body not in seen:
                    seen |= {title, body}
                    yield title, body


found = list(sections(sys.argv[1]))
random.seed(1)
random.shuffle(found)
print(HEAD)
for title, body in found[:500]:
    print(f"Q {title}\nT {body}")
