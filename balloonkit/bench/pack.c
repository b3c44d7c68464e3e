/*
 * Pack a bitmap into chunk entries as a kernel would: find the next set bit, then the next clear
 * one, and write the run between them as two words, base << 12 and size << 12. The loops have the
 * shape of Linux's find_next_bit() and find_next_zero_bit(): mask the first word, walk whole words,
 * count trailing zeros.
 */
#include <stddef.h>
#include <stdint.h>

#define WORD_BITS 64
#define CHUNK_SHIFT 12

static size_t find_next(const uint64_t *bitmap, size_t bits, size_t from, uint64_t invert)
{
	size_t word = from / WORD_BITS, words = bits / WORD_BITS;
	uint64_t left;

	if (from >= bits)
		return bits;
	left = (bitmap[word] ^ invert) & (~UINT64_C(0) << (from % WORD_BITS));
	while (!left) {
		if (++word >= words)
			return bits;
		left = bitmap[word] ^ invert;
	}
	return word * WORD_BITS + (size_t)__builtin_ctzll(left);
}

/* `bits` is a multiple of 64; `entries` has room for bits / 2 of them. Returns how many. */
size_t pack(const uint64_t *bitmap, size_t bits, uint64_t *entries)
{
	size_t count = 0, start, end = 0;

	while ((start = find_next(bitmap, bits, end, 0)) < bits) {
		end = find_next(bitmap, bits, start + 1, ~UINT64_C(0));
		entries[2 * count] = (uint64_t)start << CHUNK_SHIFT;
		entries[2 * count + 1] = (uint64_t)(end - start) << CHUNK_SHIFT;
		count++;
	}
	return count;
}
