// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One message on its way, then its ack. One at a time: there is one buffer, and it is the queue's. */
#include <linux/io.h>
#include <linux/wait.h>

#include "balloon.h"

void doorbell(struct balloon *b, u32 vector)
{
	writel(vector, b->registers + DOORBELL);
}

static bool answered(struct queue *q)
{
	return le16_to_cpu(READ_ONCE(q->used[1])) == q->sent;
}

bool needs_reset(struct balloon *b)
{
	return READ_ONCE(b->config->status) & NEEDS_RESET;
}

/* Put the queue's message on its ring and wait until the host returns it. */
int send(struct balloon *b, struct queue *q, u32 bytes)
{
	u16 place = q->sent % QUEUE_SIZE;

	q->table[0] = (struct descriptor) {
		.address = cpu_to_le64(q->room_address),
		.length = cpu_to_le32(bytes),
	};
	q->avail[2 + place] = 0;	/* the head: descriptor 0 */
	virt_wmb();		/* what idx publishes is written before idx */
	WRITE_ONCE(q->avail[1], cpu_to_le16(++q->sent));
	virt_mb();		/* idx is written before the host's wish not to be kicked is read */
	if (!(le16_to_cpu(READ_ONCE(q->used[0])) & 1))
		doorbell(b, q->number);
	wait_event_timeout(b->answer, answered(q) || needs_reset(b), msecs_to_jiffies(ack_timeout_ms));
	virt_rmb();		/* idx is read before what it publishes */
	if (answered(q) && *(__le32 *)&q->used[2 + 4 * place] == 0)
		return 0;
	b->broken = true;
	dev_err(&b->pdev->dev, "queue %u: message %u was not answered\n", q->number, q->sent);
	return -EIO;
}
