"""Writes streams.json beside this file: what the random streams of search sessions, ads and new words draw, from an
implementation of its own of the generator (Philox4x32-10, Salmon et al., SC'11), of hashes of names, and of the laws in
docs/guide/simulation.md. Nothing but Python's standard library.

    python3 tests/golden/make_stream_goldens.py

The streams are frozen: when this file has to change, every published result changes with it.
"""

import json
import math
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
WORD, LONG = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
POPULATION, CHOICE, DRIFT, EXPLORATION = 6, 10, 12, 15  # purposes


def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for turn in range(10):
        if turn:
            k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(second >> 32) ^ c[1] ^ k0, second & WORD, (first >> 32) ^ c[3] ^ k1, first & WORD]
    return c


def words_of(number):
    return [number & WORD, number >> 32]


def hash_of(text):
    data, low, high = text.encode(), 0x9AE16A3B2F90404F, len(text.encode())
    for at in range(0, max(len(data), 1), 8):
        word = int.from_bytes(data[at : at + 8].ljust(8, b"\0"), "little")
        mixed = philox(words_of(low) + words_of(high), words_of(word))
        low, high = mixed[1] << 32 | mixed[0], mixed[3] << 32 | mixed[2]
    return low


def stream(seed, name, purpose):
    """The key of a named stream: a seed of its own, then one call for the purpose."""
    mixed = philox(words_of(seed) + words_of(hash_of(name)), (0x243F6A88, 0x85A308D3))
    own = mixed[1] << 32 | mixed[0]
    return philox(words_of(own) + [purpose, 0], (0xC01DF4A3, 0x5EEDB0C5))[:2]


def draw(key, user, session=0, page=0, slot=0):
    return philox(words_of(user) + [session << 12 | page, slot], key)


def uniform(word):
    return (word + 0.5) * 2.0**-32


def below(word, n):
    return word * n >> 32


def misspelt(text, place, edit):
    """Two letters in the wrong order, one left out, one twice."""
    if edit == 0:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + text[place + 1 :] if edit == 1 else text[:place] + text[place] + text[place:]


def searches():
    seed, share, typo_share = 7, 0.6, 0.5
    kinds = [["Comedy"], ["Comedy", "Drama"], ["Drama"], [], ["Western"], ["Western", "Comedy", "Drama"], ["Horror"]]
    taste = [0.5, -0.25, 0.125, 1.0, -1.5, 0.75, -0.5]
    names = sorted({name for values in kinds for name in values})
    key = stream(seed, "search sessions", CHOICE)
    sessions = []
    for user in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 2**32 + 1, 2**63 + 5]:
        for session in [0, 1, 2, 700]:
            row = {"user": str(user), "session": session}
            sessions.append(row)
            if uniform(draw(key, user, session, 0)[0]) >= share:
                continue
            def noisy(name):
                mass = sum(math.exp(v) / len(values) for values, v in zip(kinds, taste) if name in values)
                word = draw(key, user, session, 1, hash_of(name) & WORD)[0]
                return math.log(mass) - math.log(-math.log(uniform(word)))
            wanted = max(names, key=noisy)
            typo = draw(key, user, session, 2)
            places = range(len(wanted) - 1)
            chosen = below(typo[1], 3 * len(places))
            wrong = uniform(typo[0]) < typo_share
            row["intent"] = wanted
            row["text"] = misspelt(wanted, places[chosen // 3], chosen % 3) if wrong else wanted
    return {"seed": seed, "share": share, "typo_share": typo_share, "kinds": kinds, "taste": taste, "sessions": sessions}


def ads():
    seed, items, inventory, median, sigma = 11, 40, 12, 0.4, 0.8
    keys = [hash_of(f"i{i}") for i in range(items)]
    chosen, priced = stream(seed, "ad inventory", POPULATION), stream(seed, "ad prices", POPULATION)

    def lot(i):
        words = draw(chosen, keys[i])
        return words[0] << 32 | words[1]

    def price(i):
        words = draw(priced, keys[i])
        normal = math.sqrt(-2 * math.log(uniform(words[0]))) * math.cos(2 * math.pi * uniform(words[1]))
        return median * math.exp(sigma * normal)

    sold = sorted(sorted(range(items), key=lot)[:inventory])
    places, shown = [0, 2], 5
    own = list(range(shown - len(places)))  # of a policy that shows the first items first
    stock = [i for i in sold if i not in own]
    order = stream(seed, "ads on places", EXPLORATION)
    pages = []
    for user in [0, 1, 4, 9, 2**33 + 2]:
        for session, page in [(0, 0), (0, 1), (3, 17)]:
            best = sorted(stock, key=lambda i: -draw(order, user, session, page, keys[i] & WORD)[0])[: len(places)]
            pages.append({"user": str(user), "session": session, "page": page, "ads": best})
    return {
        "seed": seed,
        "items": items,
        "median_price": median,
        "price_sigma": sigma,
        "inventory": [{"item": i, "price": price(i)} for i in sold],
        "positions": [place + 1 for place in places],
        "slate_size": shown,
        "pages": pages,
    }


def new_words():
    seed, share, synonyms = 42, 0.6, ["pupil", "scholar", "learner"]
    key, words = stream(seed, "synonyms", DRIFT), []
    for word in ["student", "engineer", "writer", "man", "woman", "librarian", "programmer", "doctor", "young", "retired"]:
        draws = draw(key, hash_of(word))
        changes = uniform(draws[0]) < share
        words.append({"word": word, "now": synonyms[below(draws[1], len(synonyms))] if changes else word})
    return {"seed": seed, "share": share, "synonyms": synonyms, "words": words}


if __name__ == "__main__":
    assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == [
        0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]  # random123's known answer
    text = json.dumps({"search": searches(), "ads": ads(), "words": new_words()}, indent=1)
    (HERE / "streams.json").write_text(text + "\n")
