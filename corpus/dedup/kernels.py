"""The inner loops of near-duplicate search, compiled by numba: bytes to tokens, tokens to shingles, shingles to hashes.

Hashes are our own arithmetic on code points, so the same text has the same shingles under every library version.

Axes: T tokens, S shingles, K hash functions, B bands, D texts, M members (a text at a shingle length), E entries (a
member in a bucket).
"""

import numpy as np
from numba import njit

from corpus.dedup.characters import ALONE, CODE, NOTHING, SPACE, TABLE_SIZE, UNSETTLED

HASHES = 128
PARTING = 0x1E  # record separator: what stands behind the first one is a part by itself

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_OTHER = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32, _24, _8, _1 = (np.uint64(shift) for shift in (30, 27, 31, 32, 24, 8, 1))
_NO_HASH = np.uint32(0xFFFFFFFF)
_SPACE_CODE = np.uint64(32)


@njit(cache=True, inline="always")
def mix(value):  # type: ignore[no-untyped-def]
    """Spread every bit of a 64-bit number over the others; no two numbers become one."""
    value = (value ^ (value >> _30)) * _MIX1
    value = (value ^ (value >> _27)) * _MIX2
    return value ^ (value >> _31)


@njit(cache=True)
def _astral(code):  # type: ignore[no-untyped-def]
    """A code point above the table: Han, kana and pictographs are settled, the others are not."""
    if 0x1F300 <= code < 0x1FB00:
        return np.uint32(code)
    if 0x20000 <= code < 0x2F800 or 0x30000 <= code < 0x40000 or 0x1AFF0 <= code < 0x1B170:
        return np.uint32(code) | ALONE
    return UNSETTLED


@njit(cache=True)
def tokens(data, start, end, table, settled, token_T, content, parting):  # type: ignore[no-untyped-def]
    """Hash the tokens of one text.

    Args:
        data: UTF-8.
        start, end: Where the text stands in it.
        table: As `corpus.dedup.characters.table` gives it.
        settled: Whether the text is in its normal form already; then no character is unsettled.
        token_T: Takes the hashes; one more than the bytes of the text is enough.
        content: Takes two hashes of the whole normalised text, 0 for a text of nothing.
        parting: Takes the number of tokens before the first `PARTING`, -1 where there is none.

    Returns:
        Number of tokens, or -1 at the first character that is unsettled.
    """
    at, count = start, 0
    word, inside, spaced = np.uint64(0), False, False
    first, second = np.uint64(0), np.uint64(0)
    parting[0] = -1
    while at < end:
        byte = data[at]
        if byte < 0x80:
            code, at = np.uint32(byte), at + 1
        elif byte < 0xE0:
            code, at = np.uint32((byte & 0x1F) << 6 | data[at + 1] & 0x3F), at + 2
        elif byte < 0xF0:
            code = np.uint32((byte & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F)
            at += 3
        else:
            code = np.uint32(
                (byte & 0x07) << 18 | (data[at + 1] & 0x3F) << 12 | (data[at + 2] & 0x3F) << 6 | data[at + 3] & 0x3F
            )
            at += 4
        kind = table[code] if code < TABLE_SIZE else _astral(code)
        if kind & UNSETTLED:
            if not settled:
                return -1
            kind = code | kind & ALONE
        if kind & NOTHING:
            continue
        if kind & SPACE:
            if inside:
                token_T[count] = mix(word)
                count += 1
                inside = False
            spaced = True
            continue
        plain = np.uint64(kind & CODE)
        if plain == PARTING:
            if inside:
                token_T[count] = mix(word)
                count += 1
                inside = False
            if parting[0] < 0:
                parting[0] = count
            first, second = (first + plain + _1) * _FACTOR, (second + plain + _1) * _OTHER
            spaced = False
            continue
        if spaced and first != 0:
            first, second = (first + _SPACE_CODE) * _FACTOR, (second + _SPACE_CODE) * _OTHER
        spaced = False
        first, second = (first + plain + _1) * _FACTOR, (second + plain + _1) * _OTHER
        if kind & ALONE:
            if inside:
                token_T[count] = mix(word)
                count += 1
                inside = False
            token_T[count] = mix((plain + _1) * _FACTOR)
            count += 1
            continue
        word = ((word if inside else np.uint64(0)) + plain + _1) * _FACTOR
        inside = True
    if inside:
        token_T[count] = mix(word)
        count += 1
    content[0], content[1] = mix(first), mix(second)
    return count


@njit(cache=True)
def shingles(token_T, count, parting, n, out_S):  # type: ignore[no-untyped-def]
    """Hash every run of n tokens; a part with fewer is one shingle, its whole self. Gives how many there are.

    The last bit says whether a shingle is of the part behind the parting. No run goes over it.
    """
    size = 0
    for part in range(2):
        first, last = (0, count) if parting < 0 else (0, parting) if part == 0 else (parting, count)
        if (parting < 0 and part == 1) or first == last:
            continue
        length = min(n, last - first)
        for s in range(first, last - length + 1):
            value = np.uint64(length) + (_OTHER if part else np.uint64(0))
            for t in range(s, s + length):
                value = (value + token_T[t]) * _FACTOR
            out_S[size] = mix(value) >> _1 << _1 | np.uint64(part)
            size += 1
    return size


@njit(cache=True)
def sign(hash_S, size, factor_K, shift_K, out_K):  # type: ignore[no-untyped-def]
    """Smallest hash of a set under each of K linear functions modulo 2**32."""
    out_K[:] = _NO_HASH
    for s in range(size):
        value = np.uint32(hash_S[s] >> _32)
        for k in range(HASHES):
            out_K[k] = min(out_K[k], np.uint32(value * factor_K[k] + shift_K[k]))


@njit(cache=True)
def sign_texts(  # type: ignore[no-untyped-def]
    data, offset_D, salt_D, table, settled, n_L, fewest_L, most_L, factor_K, shift_K, rows,
    tokens_D, content_D2, row_M, scale_M, bands_MB,
):  # fmt: skip
    """Read texts once: tokens, content, and the band keys at each shingle length that a text has a set at.

    Args:
        data, offset_D, table, settled: The texts, as in `tokens`.
        salt_D: Texts with different salts share no band.
        n_L, fewest_L, most_L: Shingle lengths, and the token counts between which a text has a set.
        factor_K, shift_K: The hash functions.
        rows: Hashes in a band.
        tokens_D: Takes the number of tokens, -1 for a text that is not settled.
        content_D2: Takes the content hashes.
        row_M, scale_M, bands_MB: Take the members; as many as texts times lengths have room.

    Returns:
        Number of members.
    """
    longest = 1
    for d in range(len(offset_D) - 1):
        longest = max(longest, offset_D[d + 1] - offset_D[d])
    token_T, hash_S = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    signature_K, parting = np.empty(HASHES, np.uint32), np.empty(1, np.int64)
    members = 0
    for d in range(len(offset_D) - 1):
        count = tokens(data, offset_D[d], offset_D[d + 1], table, settled, token_T, content_D2[d], parting)
        tokens_D[d] = count
        for scale in range(len(n_L)):
            if count < max(fewest_L[scale], 1) or count > most_L[scale]:
                continue
            size = shingles(token_T, count, parting[0], n_L[scale], hash_S)
            sign(hash_S, size, factor_K, shift_K, signature_K)
            for band in range(bands_MB.shape[1]):
                key = mix(salt_D[d] + np.uint64(band * 16 + n_L[scale]))
                for k in range(band * rows, (band + 1) * rows):
                    key = mix(key ^ np.uint64(signature_K[k]))
                bands_MB[members, band] = key
            row_M[members], scale_M[members] = d, scale
            members += 1
    return members


@njit(cache=True)
def make_sets(  # type: ignore[no-untyped-def]
    data, offset_M, table, settled, n_M, factor_K, shift_K, start_M, size_M, behind_M, hash_S, tail_S, sketch_MK
):  # fmt: skip
    """Sorted distinct shingles of each member, and a byte of each of its hashes.

    Args:
        data, offset_M, table, settled: The text of each member, as in `tokens`.
        n_M: Shingle length.
        factor_K, shift_K: The hash functions.
        start_M: Where the set of a member begins; there is room for every shingle.
        size_M: Takes the sizes, -1 for a text that is not settled.
        behind_M: Takes how many of a set stand behind the parting.
        hash_S, tail_S: Take the sets: 32 bits of each shingle and, apart from them, 8 more.
        sketch_MK: Takes the bytes.
    """
    longest = 1
    for m in range(len(n_M)):
        longest = max(longest, offset_M[m + 1] - offset_M[m])
    token_T, content, parting = np.empty(longest + 1, np.uint64), np.empty(2, np.uint64), np.empty(1, np.int64)
    signature_K, own_S = np.empty(HASHES, np.uint32), np.empty(longest + 1, np.uint64)
    for m in range(len(n_M)):
        count = tokens(data, offset_M[m], offset_M[m + 1], table, settled, token_T, content, parting)
        if count < 1:
            size_M[m], behind_M[m] = count, 0
            continue
        size = shingles(token_T, count, parting[0], n_M[m], own_S)
        sign(own_S, size, factor_K, shift_K, signature_K)
        for k in range(HASHES):
            sketch_MK[m, k] = np.uint8(mix(np.uint64(signature_K[k])) >> np.uint64(56))
        for s in range(size):  # 39 bits of the hash and, last, the part
            own_S[s] = own_S[s] >> _24 & ~_1 | own_S[s] & _1
        sorted_S = np.sort(own_S[:size])
        kept, behind = 0, 0
        for s in range(size):
            if s == 0 or sorted_S[s] != sorted_S[s - 1]:
                hash_S[start_M[m] + kept] = np.uint32(sorted_S[s] >> _8)
                tail_S[start_M[m] + kept] = np.uint8(sorted_S[s])
                behind += np.int64(sorted_S[s] & _1)
                kept += 1
        behind_M[m] = behind
        size_M[m] = kept


@njit(cache=True, inline="always")
def _agreed(sketch_MK, left, right, least):  # type: ignore[no-untyped-def]
    agreed = 0
    for k in range(HASHES):
        agreed += sketch_MK[left, k] == sketch_MK[right, k]
    return agreed >= least


@njit(cache=True)
def jaccard(hash_S, tail_S, start_M, size_M, behind_M, left, right):  # type: ignore[no-untyped-def]
    """|A & B| / |A | B| of two sorted sets, and of what stands behind the parting in either: the smaller of the two."""
    i, i_end = start_M[left], start_M[left] + size_M[left]
    j, j_end = start_M[right], start_M[right] + size_M[right]
    shared, behind = 0, 0
    while i < i_end and j < j_end:
        if hash_S[i] == hash_S[j] and tail_S[i] == tail_S[j]:
            behind += tail_S[i] & 1
            shared, i, j = shared + 1, i + 1, j + 1
        elif hash_S[i] < hash_S[j] or (hash_S[i] == hash_S[j] and tail_S[i] < tail_S[j]):
            i += 1
        else:
            j += 1
    similarity = shared / (size_M[left] + size_M[right] - shared)
    either = behind_M[left] + behind_M[right] - behind
    return min(similarity, behind / either) if either else similarity


@njit(cache=True, inline="always")
def _possible(tokens_M, size_M, scale_M, fewest_L, below_L, threshold, left, right):  # type: ignore[no-untyped-def]
    """Whether the shorter text says that this length judges the pair, and the sizes leave room for the threshold."""
    shorter = min(tokens_M[left], tokens_M[right])
    if shorter < fewest_L[scale_M[left]] or shorter >= below_L[scale_M[left]]:
        return False
    small, large = min(size_M[left], size_M[right]), max(size_M[left], size_M[right])
    return small >= threshold * large * (1 - 1e-9)


@njit(cache=True)
def by_member(member_E, bucket_E, members):  # type: ignore[no-untyped-def]
    """Where the buckets of each member begin, and behind the last one; and the buckets, member by member."""
    first_M = np.zeros(members + 1, np.int64)
    for e in range(len(member_E)):
        first_M[member_E[e] + 1] += 1
    for m in range(members):
        first_M[m + 1] += first_M[m]
    place_M, sorted_E = first_M[:-1].copy(), np.empty(len(bucket_E), np.int32)
    for e in range(len(member_E)):
        sorted_E[place_M[member_E[e]]] = bucket_E[e]
        place_M[member_E[e]] += 1
    return first_M, sorted_E


@njit(cache=True)
def settle(  # type: ignore[no-untyped-def]
    order_M, first_M, bucket_E, room_B, doc_M, scale_M, tokens_M, hash_S, tail_S, start_M, size_M, behind_M, sketch_MK,
    fewest_L, below_L, threshold, least, given, matched_D, similarity_D,
):  # fmt: skip
    """Walk texts in order and drop each that a text kept before it resembles.

    Args:
        order_M: Members sorted by text; texts are numbered in the order of the walk.
        first_M, bucket_E: The buckets of each member, as `by_member` gives them.
        room_B: Where the list of each bucket begins, and behind the last one.
        doc_M, scale_M, tokens_M, hash_S, tail_S, start_M, size_M, behind_M, sketch_MK: The members and their sets.
        fewest_L, below_L: Tokens of the shorter text in the pairs that a shingle length judges.
        threshold: Jaccard similarity.
        least: Bytes of the sketches that must agree before the sets are compared.
        given: The first so many texts are kept whatever they resemble.
        matched_D, similarity_D: Take, for a text that goes, the first kept one that is similar enough.
    """
    kept_E, kept_B = np.empty(len(bucket_E), np.int32), np.zeros(len(room_B) - 1, np.int32)
    seen_M = np.full(len(doc_M), -1, np.int64)
    at = 0
    while at < len(order_M):
        doc, end = doc_M[order_M[at]], at
        while end < len(order_M) and doc_M[order_M[end]] == doc:
            end += 1
        best, similarity = np.int64(-1), 0.0
        for place in range(at if doc >= given else end, end):
            member = order_M[place]
            for e in range(first_M[member], first_M[member + 1]):
                bucket = bucket_E[e]
                for j in range(room_B[bucket], room_B[bucket] + kept_B[bucket]):
                    other = kept_E[j]
                    if seen_M[other] == member:
                        continue
                    seen_M[other] = member
                    if best >= 0 and doc_M[other] >= best:
                        continue
                    if not _possible(tokens_M, size_M, scale_M, fewest_L, below_L, threshold, member, other):
                        continue
                    if not _agreed(sketch_MK, member, other, least):
                        continue
                    alike = jaccard(hash_S, tail_S, start_M, size_M, behind_M, member, other)
                    if alike >= threshold:
                        best, similarity = doc_M[other], alike
        if best >= 0:
            matched_D[doc], similarity_D[doc] = best, similarity
        else:
            for place in range(at, end):
                member = order_M[place]
                for e in range(first_M[member], first_M[member + 1]):
                    bucket = bucket_E[e]
                    kept_E[room_B[bucket] + kept_B[bucket]] = member
                    kept_B[bucket] += 1
        at = end


@njit(cache=True)
def _root(root_D, doc):  # type: ignore[no-untyped-def]
    while root_D[doc] != doc:
        root_D[doc] = root_D[root_D[doc]]
        doc = root_D[doc]
    return doc


@njit(cache=True)
def connect(  # type: ignore[no-untyped-def]
    first_M, bucket_E, room_B, doc_M, scale_M, tokens_M, hash_S, tail_S, start_M, size_M, behind_M, sketch_MK,
    fewest_L, below_L, threshold, least, root_D, left_P, right_P, similarity_P,
):  # fmt: skip
    """Pairs at or above the threshold, those left out whose ends hang together already. Gives how many there are.

    A pair is compared once, in whatever buckets it meets, and only while its ends hang apart.

    Args:
        first_M, bucket_E: The buckets of each member, as `by_member` gives them.
        room_B: Where the list of each bucket begins, and behind the last one.
        root_D: Each text for itself; takes the components.
        left_P, right_P, similarity_P: Take the pairs, fewer than there are texts.
    """
    met_E, met_B = np.empty(len(bucket_E), np.int32), np.zeros(len(room_B) - 1, np.int32)
    seen_M = np.full(len(doc_M), -1, np.int64)
    right, pairs = -1, 0
    for e in range(len(bucket_E)):
        while e >= first_M[right + 1]:
            right += 1
        bucket = bucket_E[e]
        # The latest first: rows of one family mostly stand near each other.
        for at in range(room_B[bucket] + met_B[bucket] - 1, room_B[bucket] - 1, -1):
            left = met_E[at]
            if seen_M[left] == right:
                continue
            seen_M[left] = right
            a, b = _root(root_D, doc_M[left]), _root(root_D, doc_M[right])
            if a == b or not _possible(tokens_M, size_M, scale_M, fewest_L, below_L, threshold, left, right):
                continue
            if not _agreed(sketch_MK, left, right, least):
                continue
            alike = jaccard(hash_S, tail_S, start_M, size_M, behind_M, left, right)
            if alike < threshold:
                continue
            root_D[max(a, b)] = min(a, b)
            left_P[pairs] = min(doc_M[left], doc_M[right])
            right_P[pairs] = max(doc_M[left], doc_M[right])
            similarity_P[pairs] = alike
            pairs += 1
        met_E[room_B[bucket] + met_B[bucket]] = right
        met_B[bucket] += 1
    return pairs
