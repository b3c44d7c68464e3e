// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Whose a page is: inflate takes pages from the guest, deflate gives them back. */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "balloon.h"

static unsigned long take_pages(struct list_head *pages, unsigned long wanted)
{
	unsigned long taken;
	struct page *page;

	for (taken = 0; taken < wanted && (page = balloon_page_alloc()); taken++) {
		list_add_tail(&page->lru, pages);
		cond_resched();
	}
	return taken;
}

/* The largest blocks first; what no block is left for, page by page. */
static unsigned long take_blocks(struct list_head *pages, unsigned long wanted)
{
	/* A block that is not there is not worth a reclaim: a smaller one will do. */
	gfp_t gfp = (balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM;
	unsigned int order = MAX_BLOCK_ORDER, i;
	unsigned long taken = 0;

	while (order && taken < wanted) {
		struct page *block = NULL;

		if ((wanted - taken) >> order)
			block = alloc_pages(gfp, order);
		if (!block) {
			order--;
			continue;
		}
		split_page(block, order);	/* each page is one of the balloon's, and moves alone */
		for (i = 0; i < 1U << order; i++)
			list_add_tail(&block[i].lru, pages);
		taken += 1UL << order;
		cond_resched();
	}
	return taken + take_pages(pages, wanted - taken);
}

/* Grow the balloon by `wanted` pages, or by what there is; false if that was less. */
bool fill(struct balloon *b, unsigned long wanted)
{
	LIST_HEAD(pages);
	LIST_HEAD(batch);
	unsigned long taken = by_blocks ? take_blocks(&pages, wanted) : take_pages(&pages, wanted);
	struct page *page, *next;
	struct telling t;
	unsigned int n = 0;

	mutex_lock(&b->lock);
	t = tell_host(b, &b->inflate, &pages);
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		if (page_to_pfn(page) >= t.sent_pfn) {	/* the host never heard of it */
			put_page(page);
			continue;
		}
		adjust_managed_page_count(page, -1);
		list_add_tail(&page->lru, &batch);
		b->held++;
		if (++n % BATCH_PAGES == 0)
			balloon_page_list_enqueue(&b->info, &batch);
	}
	balloon_page_list_enqueue(&b->info, &batch);
	mutex_unlock(&b->lock);
	if (taken < wanted)
		dev_info_ratelimited(&b->pdev->dev, "Out of puff! %lu of %lu pages\n", taken, wanted);
	return taken == wanted;
}

static void give_back(struct balloon *b, struct page *page)
{
	adjust_managed_page_count(page, 1);
	put_page(page);
	b->held--;
}

/* Shrink the balloon by `wanted` pages, less those that are just being moved. */
void leak(struct balloon *b, unsigned long wanted)
{
	LIST_HEAD(pages);
	LIST_HEAD(batch);
	struct page *page, *next;
	unsigned long taken = 0;
	struct telling t;
	size_t n;

	do {
		n = balloon_page_list_dequeue(&b->info, &batch, min(wanted - taken, BATCH_PAGES + 0UL));
		taken += n;
		list_splice_tail_init(&batch, &pages);
	} while (n && taken < wanted);
	if (!taken)
		return;
	t = tell_host(b, &b->deflate, &pages);
	n = 0;
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		if (page_to_pfn(page) < t.acked_pfn) {
			give_back(b, page);
			continue;
		}
		list_add_tail(&page->lru, &batch);	/* not acknowledged: it stays */
		if (++n % BATCH_PAGES == 0)
			balloon_page_list_enqueue(&b->info, &batch);
	}
	balloon_page_list_enqueue(&b->info, &batch);
}

/* Free pages without a word, for a host that has none of them any more; keep those in doubt. */
void release_untold(struct balloon *b)
{
	unsigned long kept = 0;

	while (b->held > kept) {
		struct page *page = balloon_page_dequeue(&b->info);

		if (!page) {	/* one is just being moved */
			msleep(1);
		} else if (page_to_pfn(page) - b->doubt_pfn < b->doubt_end_pfn - b->doubt_pfn) {
			kept++;
		} else {
			give_back(b, page);
		}
	}
	if (kept)
		dev_warn(&b->pdev->dev, "%lu pages stay out of use: a host that does not answer may "
			 "still release them\n", kept);
	b->held = 0;
}

#ifdef CONFIG_BALLOON_COMPACTION
/*
 * The kernel moves a page of the balloon elsewhere. Each of the two messages goes over its own
 * queue, from its own buffer, and is acknowledged before anything else happens.
 */
int migrate(struct balloon_dev_info *info, struct page *newpage, struct page *page,
	    enum migrate_mode mode)
{
	struct balloon *b = container_of(info, struct balloon, info);
	unsigned long flags;

	/* Compaction may run inside our own allocation, so this must not wait. */
	if (!mutex_trylock(&b->lock))
		return -EAGAIN;
	if (b->broken) {
		mutex_unlock(&b->lock);
		return -EAGAIN;
	}
	/*
	 * Once sent, the new page is the balloon's, answered or not: the host may release it. The
	 * old one is the guest's even if the host died between the two: the next one starts anew.
	 */
	if (tell_page(b, &b->inflate, newpage))
		tell_page(b, &b->deflate, page);
	get_page(newpage);
	spin_lock_irqsave(&info->pages_lock, flags);
	balloon_page_insert(info, newpage);
	info->isolated_pages--;
	__count_vm_event(BALLOON_MIGRATE);
	spin_unlock_irqrestore(&info->pages_lock, flags);
	if (page_zone(page) != page_zone(newpage)) {
		adjust_managed_page_count(page, 1);
		adjust_managed_page_count(newpage, -1);
	}
	mutex_unlock(&b->lock);
	/* balloon_page_finalize(), which not every 6.x kernel's header has under this name. */
	__ClearPageMovable(page);
	set_page_private(page, 0);
	__ClearPageOffline(page);
	put_page(page);
	return MIGRATEPAGE_SUCCESS;
}
#endif
