#!/usr/bin/env python3
"""Writes tests/golden/tokenizer/: what the `tokenizers` package makes of difficult texts.

    python3 -m venv .deps/venv-goldens && .deps/venv-goldens/bin/pip install tokenizers==0.22.2
    .deps/venv-goldens/bin/python tests/golden/make_tokenizer_goldens.py

Every text is generated here, except the MovieLens titles, of which only checksums are kept. Needs
.deps/encoders/all-MiniLM-L6-v2 and .deps/movielens-100k.
"""

import gzip
import hashlib
import json
import random
import struct
import sys
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

PINNED = "0.22.2"
ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "tokenizer"
MINILM = ROOT / ".deps" / "encoders" / "all-MiniLM-L6-v2" / "tokenizer.json"
ITEMS = ROOT / ".deps" / "movielens-100k" / "ml-100k.item"

WORDS = (
    "the a user likes unbelievable internationalization naïve café Zürich Ångström résumé coöperate jalapeño "
    "Straße STRASSE ΣΊΣΥΦΟΣ Οδυσσέας Москва ёлка Київ İstanbul ısı Diyarbakır don't e-mail C++ 3.14 1,682 "
    "señor über façade Dvořák Łódź Þór Æsir œuvre Việt Nam tiếng phở שָׁלוֹם עברית العَرَبِيَّة فارسی हिन्दी "
    "नमस्ते தமிழ் ไทย ภาษาไทย မြန်မာ ខ្មែរ 東京 日本語 かな カタカナ ﾊﾝｶｸ 한국어 한글 ქართული ՀԱՅԵՐԵՆ ᏣᎳᎩ አማርኛ "
    "new york united play playing player played rewatch film films movie comedy drama thriller documentary"
).split()
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def assigned(first, last):
    return [c for c in range(first, last) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]


def spread(rng, characters, words=WORDS):
    """The characters in order, some glued to words, some apart, some doubled."""
    out = []
    for c in characters:
        kind = rng.randrange(6)
        out.append({0: c, 1: " " + c, 2: rng.choice(words) + c, 3: c + rng.choice(words) + " ", 4: c + c, 5: c + " "}[kind])
    return "".join(out)


def block_lines(rng):
    for first in range(0, 0x110000, 128):
        if 0xE100 <= first < 0xF800 or 0xF0100 <= first < 0x10FF00:
            continue  # private use: the first and last blocks stand for all
        characters = assigned(first, first + 128)
        if characters:
            yield spread(rng, [chr(c) for c in rng.sample(characters, min(len(characters), 12))])
    for first in (0x378, 0x870, 0x1C89, 0x2FE0, 0xA7CB, 0x10D50, 0x16D68, 0x16EA0, 0x1FAE9, 0xE01F0):
        yield spread(rng, [chr(c) for c in range(first, first + 10)])  # unassigned, or assigned only lately


def combining_lines(rng):
    everything = assigned(0, 0x20000)
    marks = [chr(c) for c in everything if unicodedata.category(chr(c)).startswith("M")]
    ordered = [m for m in marks if unicodedata.combining(m)]
    spacing = [m for m in marks if unicodedata.category(m) == "Mc"]
    composed = [chr(c) for c in everything if unicodedata.normalize("NFD", chr(c)) != chr(c)]
    for _ in range(120):
        yield " ".join(
            rng.choice("aeiouAEIOUnNсИαΩकกא가") + "".join(rng.choices(ordered, k=rng.randrange(1, 7))) for _ in range(6))
    for _ in range(60):
        yield spread(rng, rng.choices(spacing + ordered, k=10))
    for _ in range(100):
        yield spread(rng, rng.choices(composed, k=10))
    for _ in range(40):
        word = unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKD"]), " ".join(rng.choices(WORDS, k=8)))
        yield word + rng.choice(marks) + rng.choice(WORDS)
    jamo = [chr(c) for c in range(0x1100, 0x1200)]
    for _ in range(30):
        yield "".join(rng.choices(jamo, k=9)) + " " + "".join(chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(4))


def emoji_lines(rng):
    people = ["👩", "👨", "🧑", "👧", "👦", "🏃", "🧝", "💂"]
    tones = ["", "🏻", "🏽", "🏿"]
    things = ["💻", "🚀", "⚕️", "🌾", "❤️", "💋", "✈️", "🎨", "♂️", "♀️"]
    for _ in range(80):
        joined = "\u200d".join(rng.choice(people) + rng.choice(tones) for _ in range(rng.randrange(1, 4)))
        flag = "".join(chr(0x1F1E6 + rng.randrange(26)) for _ in range(2 * rng.randrange(1, 3)))
        keycap = rng.choice("0123456789#*") + "\ufe0f\u20e3"
        tag = "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbsct") + "\U000e007f"
        parts = [joined, flag, keycap, tag, rng.choice(people) + "\u200d" + rng.choice(things), rng.choice(WORDS)]
        rng.shuffle(parts)
        yield rng.choice(["", " "]).join(parts)


def direction_lines(rng):
    hebrew, arabic = assigned(0x5D0, 0x5EB), assigned(0x620, 0x6D4)
    controls = ["\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069", "\u061c"]
    for _ in range(80):
        words = ["".join(chr(rng.choice(script)) for _ in range(rng.randrange(1, 7))) for script in (hebrew, arabic) * 2]
        words += [rng.choice(WORDS), "(1994)", "،", "؟", "٣٫١٤", "־"]
        rng.shuffle(words)
        yield rng.choice([" ", "", rng.choice(controls)]).join(w + rng.choice(controls + [""] * 8) for w in words)


def cjk_lines(rng):
    ranges = [(0x4E00, 0x9FFF), (0x3400, 0x4DC0), (0x20000, 0x2A6E0), (0x2A700, 0x2B740), (0x2B740, 0x2B820),
              (0x2B820, 0x2CEB0), (0x2CEB0, 0x2EBE1), (0x30000, 0x3134B), (0xF900, 0xFB00), (0x2F800, 0x2FA20),
              (0x3000, 0x3130), (0x31C0, 0x3400), (0xFF00, 0xFFF0), (0x2E80, 0x2FE0), (0xAC00, 0xD7A4)]
    edges = [chr(c) for first, last in ranges for c in (first - 1, first, last - 1, last) if not 0xD800 <= c < 0xE000]
    for _ in range(150):
        characters = [chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randrange(2, 14))]
        yield spread(rng, characters) if rng.random() < 0.6 else "".join(characters)
    for start in range(0, len(edges), 6):
        yield spread(rng, edges[start:start + 6])
    for _ in range(40):
        kana = "".join(chr(rng.randrange(0x3041, 0x30FF)) + rng.choice(["", "", "\u3099", "\u309a"]) for _ in range(8))
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in rng.choice(WORDS))
        yield kana + wide + "、" + rng.choice(WORDS) + "　" + wide.upper()


def invisible_lines(rng):
    invisible = [chr(c) for c in range(0, 0x20)] + [chr(c) for c in range(0x7F, 0xA1)]
    invisible += list("\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u180b\u180e\u2000\u2003\u2009\u200a\u200b\u200c\u200d")
    invisible += list("\u2028\u2029\u202f\u205f\u2060\u2061\u2064\u206a\u3000\u3164\ufe00\ufe0f\ufeff\uffa0\ufff9\ufffb\ufffc")
    invisible += list("\ufffd\ud7ff\ue000\uf8ff\ufdd0\ufffe\uffff\U0001d173\U000e0001\U000e0100\U000f0000\U0010ffff")
    for c in invisible:
        yield f"{c}un{c}believable{c} {c} x{c}{c}y {c}[SEP]{c}ly."
    for _ in range(120):
        yield "".join(rng.choice(WORDS) + "".join(rng.choices(invisible, k=rng.randrange(1, 4))) for _ in range(5))


def long_lines(rng):
    for unit in ("a", "ab", "é", "e\u0301", "ж", "中", "한", "👍", "ı", "İ", "\u0301", "\u200b", "a.", "9", "ä\u0308"):
        for n in (49, 50, 99, 100, 101, 102, 260):
            yield f"x {unit * n} y{unit * n}."
    for _ in range(40):
        yield "".join(rng.choices(WORDS, k=rng.randrange(8, 40))) + " " + rng.choice(WORDS)


def special_lines(rng):
    own = ["<user>", "<mask>", "new york", "Ünïted", "[SEP][SEP]", "the end", "the", "C++", "<a", "a>b"]
    glue = ["", " ", "  ", "\t", "\u00a0", "x", "é", ".", "\u0301", "\u200b", "_", "7", "中", "#", "[", "]", "-"]
    for token in SPECIALS + own:
        for g in glue:
            yield f"{g}{token}{g}"
            yield f"a{g}{token}{g}b {token.lower()} {token.upper()} {token}{token} {token[:-1]}"
    for _ in range(150):
        pieces = rng.choices(SPECIALS + own, k=4) + rng.choices(WORDS, k=3)
        rng.shuffle(pieces)
        yield "".join(p + rng.choice(glue) for p in pieces)


def case_lines(rng):
    odd = list("İıſßẞςΣσǄǅǆﬁﬃŉΐΰKÅΩẛᾼᾳῼᲐაᏀꭰ𐐀𐐨𞤀𞤢ⰀⰰȺⱥĸŸÿꞋɥⒶⓐⅠⅰⅷＡａᵀª²Ⅳ")
    for _ in range(80):
        yield spread(rng, rng.choices(odd, k=8))
    for _ in range(60):
        yield " ".join(rng.choice([str.upper, str.lower, str.title, str.swapcase])(w) for w in rng.choices(WORDS, k=8))


def plain_lines(rng):
    punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡§«»¿–—‘’“”…‰′‹›€£¥©®™°±×÷√∞≠≤"
    for _ in range(250):
        words = rng.choices(WORDS, k=rng.randrange(1, 16))
        yield "".join(w + rng.choice([" ", " ", " ", ", ", rng.choice(punctuation), "##", "  \n"]) for w in words)
    yield from ["", " ", "\t\r\n", "\u0301", "\u0301\u0302a", "\x00", "##", "##s", "a##s", "https://example.org/?q=1&r=ü#x",
                "AT&T's U.S.A. 2,000.50$ (e.g., x_y-z) \\o/", "¯\\_(ツ)_/¯", "a\u0300\u0316b\u0316\u0300", "﷽", "ﷺ"]


def make_lines():
    rng = random.Random(20)
    makers = [block_lines, combining_lines, emoji_lines, direction_lines, cjk_lines, invisible_lines, long_lines,
              special_lines, case_lines, plain_lines]
    return [line for maker in makers for line in maker(rng)]


def make_vocabulary(lines):
    """A vocabulary with whole words, pieces and characters of the lines, and with enough of them left out."""
    rng = random.Random(21)
    vocabulary = dict.fromkeys(SPECIALS)
    splitter = pre_tokenizers.BertPreTokenizer()
    for lowercase in (False, True):
        normalizer = normalizers.BertNormalizer(lowercase=lowercase)
        for line in rng.sample(lines, 1200):
            for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(line)):
                if len(word) > 24:
                    continue
                cut = rng.randrange(1, len(word) + 1)
                for piece in (word[:1], word[:cut], "##" + word[cut:], "##" + word[-1:]):
                    if piece != "##" and rng.random() < 0.3:
                        vocabulary[piece] = None
    for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
        vocabulary[c] = None
        vocabulary["##" + c] = None
    for word in WORDS[:40]:
        vocabulary[word] = None
    for c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~":
        vocabulary[c] = None
    return {token: i for i, token in enumerate(vocabulary)}


def make_cased(vocabulary):
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, rstrip=True, special=True, normalized=False),
                                  AddedToken("[SEP][SEP]", special=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("<user>", single_word=True, normalized=False),
                          AddedToken("new york", single_word=True, normalized=True),
                          AddedToken("Ünïted", normalized=True), AddedToken("the end", rstrip=True, normalized=True),
                          AddedToken("C++", lstrip=True, normalized=True), AddedToken("a>b", normalized=False),
                          AddedToken("<a", rstrip=True, normalized=False)])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return tokenizer


def variant(tokenizer, **normalizer):
    document = json.loads(tokenizer.to_str())
    document["normalizer"].update(normalizer)
    return Tokenizer.from_str(json.dumps(document))


def checksum(ids):
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()[:16]


def write_gzip(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    (OUT / name).write_bytes(gzip.compress(text, 9, mtime=0))


def character_checksums():
    """One checksum per 1,024 code points over what the normaliser and the splitter make of each."""
    uncased, cased = normalizers.BertNormalizer(), normalizers.BertNormalizer(lowercase=False)
    raw = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    splitter = pre_tokenizers.BertPreTokenizer()
    for first in range(0, 0x110000, 1024):
        digest = hashlib.sha256()
        for c in range(first, first + 1024):
            if 0xD800 <= c < 0xE000:
                continue
            text = f"a{chr(c)}b"
            # U+302E and U+1D165 are marks of classes 224 and 216 that stay: they show the class of what stands between.
            ordered = uncased.normalize_str(f"\u302e{chr(c)}\U0001d165")
            words = [word for word, _ in splitter.pre_tokenize_str(raw.normalize_str(text))]
            row = [uncased.normalize_str(text), cased.normalize_str(text), ordered, "\x1e".join(words)]
            digest.update("\x1f".join(row).encode() + b"\n")
        yield digest.hexdigest()[:16]


def broken_bytes():
    rng = random.Random(22)
    cases = [b"\x80", b"a\xffb", b"\xc3", b"x\xe2\x82", b"\xe2\x82y", b"\xf0\x9f\x98", b"\xf0\x9f\x98z", b"\xc0\xaf", b"\xe0\x80\x80",
             b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe2[SEP]", b"[SE\xcc P]", b"caf\xc3 \xa9"]
    for _ in range(200):
        text = bytearray(" ".join(rng.choices(WORDS + SPECIALS, k=5)).encode())
        for _ in range(rng.randrange(1, 5)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        cases.append(bytes(text))
    return cases


def main():
    if tokenizers.__version__ != PINNED:
        sys.exit(f"tokenizers {tokenizers.__version__} is installed, the goldens are made with {PINNED}")
    OUT.mkdir(parents=True, exist_ok=True)
    lines = make_lines()
    cased = make_cased(make_vocabulary(lines))
    (OUT / "cased").mkdir(exist_ok=True)
    cased.save(str(OUT / "cased" / "tokenizer.json"), pretty=False)
    minilm = Tokenizer.from_file(str(MINILM))
    minilm.no_truncation()
    minilm.no_padding()

    write_gzip("lines.json.gz", lines)
    variants = {
        "cased": cased,
        "minilm": minilm,
        "lowercase": variant(cased, lowercase=True),
        "strip_accents": variant(cased, strip_accents=True),
        "lowercase_keep_accents": variant(cased, lowercase=True, strip_accents=False),
        "keep_controls": variant(cased, lowercase=True, clean_text=False),
        "keep_chinese": variant(cased, lowercase=True, handle_chinese_chars=False),
        "truncated_8": variant(cased),
    }
    variants["truncated_8"].enable_truncation(8)
    for name, tokenizer in variants.items():
        write_gzip(f"ids_{name}.json.gz", [tokenizer.encode(line).ids for line in lines])

    broken = [(b.hex(), checksum(cased.encode(b.decode("utf-8", "replace")).ids)) for b in broken_bytes()]
    (OUT / "broken_utf8.json").write_text(json.dumps(broken, indent=0) + "\n")
    (OUT / "characters.txt").write_text("".join(c + "\n" for c in character_checksums()))

    rows = [row.split("\t") for row in ITEMS.read_text(encoding="utf-8").splitlines()]
    title = rows[0].index("movie_title:token_seq")
    (OUT / "movielens_titles.txt").write_text("".join(checksum(minilm.encode(row[title]).ids) + "\n" for row in rows[1:]))
    print(f"{len(lines)} lines, {cased.get_vocab_size()} tokens, {len(rows) - 1} titles")


if __name__ == "__main__":
    main()
