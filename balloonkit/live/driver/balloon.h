/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * balloonkit_balloon - VIRTIO_BALLOON_F_PAGE_CHUNKS (posting v10 3/6, 4 May 2017) in a running guest
 *
 * The host asks for memory; the driver allocates pages, marks them in bitmaps, turns runs of ones
 * into chunks (base, size), sends at most 2047 of them in one message, and waits for the ack. To
 * give pages back it tells the host first and frees them only after the ack. A page is always in
 * one of three states: the guest's, the balloon's, or in a message the host has not answered; the
 * last is treated as the balloon's, because the host may still release it.
 *
 *	device.c	the PCI device, its reset, the way to a target
 *	pages.c		inflate, deflate, and migration inside the guest
 *	chunks.c	pages to bitmaps, runs to chunks, chunks to messages
 *	wire.c		one message on its way, then its ack
 *
 * There is no virtio transport for this device: QEMU's ivshmem-doorbell brings a window of shared
 * memory (BAR 2), a doorbell to kick with (BAR 0), and MSI-X interrupts. The window holds a status
 * byte and a configuration, then for each queue a split ring, and room for one message. Its layout
 * is that of balloonkit/wire/{channel,ring,config}.py; everything in it is little endian.
 */
#ifndef BALLOONKIT_BALLOON_H
#define BALLOONKIT_BALLOON_H

#include <linux/balloon_compaction.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

/* The window, in bytes; a queue is named by its number, and kicked by the vector of that number. */
#define WINDOW_PAGE	4096
#define MESSAGE_ROOM	(8 * WINDOW_PAGE)
#define QUEUE_BYTES	(WINDOW_PAGE + MESSAGE_ROOM + WINDOW_PAGE)
#define WINDOW_BYTES	(WINDOW_PAGE + 3 * QUEUE_BYTES)
#define QUEUE_SIZE	128
#define VECTOR_STATUS	3	/* to the host: "look at the first page of the window" */
#define VECTOR_CONFIG	0	/* to the guest: the same */
#define VECTOR_ACK	1	/* to the guest: a buffer came back */
#define DOORBELL	12	/* register of BAR 0: peer << 16 | vector; the host is peer 0 */

/* Device status and features: VIRTIO 1.2 sections 2.1 and 5.5.3; bit 3 as in the posting. */
#define STATUS_READY	(1 | 2 | 4 | 8)	/* ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK */
#define NEEDS_RESET	64
#define FAILED		128	/* here: the driver asks for a reset */
#define MUST_TELL_HOST	BIT(0)
#define PAGE_CHUNKS	BIT(3)

#define CHUNK_SHIFT	12	/* of either word of a chunk; the low bits are reserved, zero */
#define MAX_CHUNKS	((MESSAGE_ROOM - 8) / 16)
#define MAX_BITMAPS	32
#define MAX_BITMAP_BITS	(8 * 4096 * 8)
#define MAX_BLOCK_ORDER	10
#define BATCH_PAGES	256	/* the balloon's list is changed with interrupts off: not for long */
#define PUFF_WAIT_MS	200
/* The wire counts pages of 4 KiB, whatever the guest's are. */
#define WIRE_PAGES	(PAGE_SIZE / 4096)

/* Module parameters; device.c says what they mean. */
extern bool by_blocks, join;
extern uint message_chunks, bitmap_bits, max_bitmaps, ack_timeout_ms;

struct config {
	u8 status;
	u8 reserved[3];
	__le32 device_features;	/* the host's */
	__le32 driver_features;	/* the driver's */
	__le32 num_pages;	/* the host's: how large the balloon should be */
	__le32 actual;		/* the driver's: how large it is */
	__le32 request;		/* the host's: counts what it asked for, written behind num_pages */
	__le32 served;		/* the driver's: the last request it is done with, behind actual */
};

struct descriptor {
	__le64 address;
	__le32 length;
	__le16 flags;
	__le16 next;
};

struct queue {
	u32 number;
	u32 room_address;	/* of its message, in the window */
	struct descriptor *table;
	__le16 *avail;		/* flags, idx, QUEUE_SIZE heads */
	__le16 *used;		/* flags, idx, QUEUE_SIZE times le32 head and le32 length */
	__le64 *room;		/* each queue its own: neither can overwrite the other's message */
	u16 sent;		/* messages ever made available; one at a time is on its way */
};

/* What review asked for: the bitmaps, and how many there are, in one struct. */
struct page_bitmaps {
	unsigned int count;	/* in hand: one always, more while a wide range is told */
	unsigned long *map[MAX_BITMAPS];
};

struct balloon {
	struct pci_dev *pdev;
	void __iomem *registers;
	void *window;
	struct config *config;
	struct queue inflate, deflate;
	wait_queue_head_t answer;
	struct delayed_work work;
	bool removing;

	struct mutex lock;	/* guards all below, and the queues */
	struct page_bitmaps bitmaps;
	struct balloon_dev_info info;
	unsigned long held;	/* guest pages in the balloon */
	bool broken;		/* no answer came, or a wrong one: nothing is sent before a reset */
	unsigned long doubt_pfn, doubt_end_pfn;	/* span of the message that was not answered */
};

/* How far telling the host has come. Chunks ascend, so two page frame numbers say it all. */
struct telling {
	struct balloon *balloon;
	struct queue *queue;
	unsigned int chunks;		/* in the message so far */
	unsigned long base, pages;	/* the chunk still open: the next run may join it */
	unsigned long first_pfn, end_pfn;	/* of the message */
	unsigned long acked_pfn;	/* every page below was told and acknowledged */
	unsigned long sent_pfn;		/* no page from here on was ever sent */
};

/* wire.c */
void doorbell(struct balloon *b, u32 vector);
bool needs_reset(struct balloon *b);
int send(struct balloon *b, struct queue *q, u32 bytes);

/* chunks.c */
void take_bitmaps(struct page_bitmaps *bitmaps, unsigned long pages);
void return_bitmaps(struct page_bitmaps *bitmaps, unsigned int keep);
struct telling tell_host(struct balloon *b, struct queue *q, struct list_head *pages);
bool tell_page(struct balloon *b, struct queue *q, struct page *page);

/* pages.c */
bool fill(struct balloon *b, unsigned long wanted);
void leak(struct balloon *b, unsigned long wanted);
void release_untold(struct balloon *b);
#ifdef CONFIG_BALLOON_COMPACTION
int migrate(struct balloon_dev_info *info, struct page *newpage, struct page *page,
	    enum migrate_mode mode);
#endif

#endif
