// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Pages to bitmaps, runs to chunks, chunks to messages. */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "balloon.h"

static int send_chunks(struct telling *t)
{
	struct balloon *b = t->balloon;
	int error;

	if (!t->chunks)
		return 0;
	t->queue->room[0] = cpu_to_le64(t->chunks);
	t->sent_pfn = t->end_pfn;
	error = send(b, t->queue, 8 + 16 * t->chunks);
	if (!error) {
		t->acked_pfn = t->end_pfn;
	} else if (t->queue == &b->inflate) {
		b->doubt_pfn = t->first_pfn;
		b->doubt_end_pfn = t->end_pfn;
	}
	t->chunks = 0;
	return error;
}

static int close_chunk(struct telling *t)
{
	__le64 *entry = t->queue->room + 1 + 2 * t->chunks;

	if (!t->pages)
		return 0;
	entry[0] = cpu_to_le64((u64)t->base * WIRE_PAGES << CHUNK_SHIFT);
	entry[1] = cpu_to_le64((u64)t->pages * WIRE_PAGES << CHUNK_SHIFT);
	if (!t->chunks)
		t->first_pfn = t->base;
	t->end_pfn = t->base + t->pages;
	t->pages = 0;
	/* A full message is sent at once, so none can grow past its room. */
	return ++t->chunks == message_chunks ? send_chunks(t) : 0;
}

static int add_run(struct telling *t, unsigned long base, unsigned long pages)
{
	int error;

	if (join && t->pages && t->base + t->pages == base) {
		t->pages += pages;
		return 0;
	}
	error = close_chunk(t);
	t->base = base;
	t->pages = error ? 0 : pages;
	return error;
}

static int add_bitmap(struct telling *t, unsigned long base, const unsigned long *map)
{
	unsigned long start, end = 0;
	int error = 0;

	while (!error && (start = find_next_bit(map, bitmap_bits, end)) < bitmap_bits) {
		end = find_next_zero_bit(map, bitmap_bits, start);
		error = add_run(t, base + start, end - start);
	}
	return error;
}

/* Take bitmaps for a span of pages, as many as there are to be had: fewer only mean more rounds. */
void take_bitmaps(struct page_bitmaps *bitmaps, unsigned long pages)
{
	while (bitmaps->count < max_bitmaps && (unsigned long)bitmaps->count * bitmap_bits < pages) {
		unsigned long *map = kvmalloc(bitmap_bits / 8, GFP_KERNEL | __GFP_NOWARN);

		if (!map)
			break;
		bitmaps->map[bitmaps->count++] = map;
	}
}

void return_bitmaps(struct page_bitmaps *bitmaps, unsigned int keep)
{
	while (bitmaps->count > keep)
		kvfree(bitmaps->map[--bitmaps->count]);
}

/* Tell the host of all pages on a list: those of this movement, and no others. */
struct telling tell_host(struct balloon *b, struct queue *q, struct list_head *pages)
{
	struct telling t = { .balloon = b, .queue = q };
	struct page_bitmaps *bitmaps = &b->bitmaps;
	unsigned long first = ULONG_MAX, last = 0, base, round;
	struct page *page;
	int error = b->broken ? -EIO : 0;
	unsigned int i;

	list_for_each_entry(page, pages, lru) {
		first = min(first, page_to_pfn(page));
		last = max(last, page_to_pfn(page));
	}
	take_bitmaps(bitmaps, last - first + 1);
	round = (unsigned long)bitmaps->count * bitmap_bits;
	for (base = first; base <= last && !error; base += round) {
		for (i = 0; i < bitmaps->count; i++)
			bitmap_zero(bitmaps->map[i], bitmap_bits);
		list_for_each_entry(page, pages, lru) {
			unsigned long bit = page_to_pfn(page) - base;

			if (bit < round)	/* below base it wraps to a huge number */
				__set_bit(bit % bitmap_bits, bitmaps->map[bit / bitmap_bits]);
		}
		for (i = 0; i < bitmaps->count && !error; i++)
			error = add_bitmap(&t, base + i * bitmap_bits, bitmaps->map[i]);
		cond_resched();
	}
	return_bitmaps(bitmaps, 1);
	if (!error)
		error = close_chunk(&t);
	if (!error)
		send_chunks(&t);
	return t;
}

/* Tell the host of one page, in a message of its own, sent at once. */
bool tell_page(struct balloon *b, struct queue *q, struct page *page)
{
	struct telling t = { .balloon = b, .queue = q };

	return !add_run(&t, page_to_pfn(page), 1) && !close_chunk(&t) && !send_chunks(&t);
}
