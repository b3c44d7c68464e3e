// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The PCI device: its reset, the way to a target, coming and going. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "balloon.h"

bool by_blocks;
module_param(by_blocks, bool, 0444);
MODULE_PARM_DESC(by_blocks, "Allocate whole blocks of pages, the posting's TODO");
bool join = true;
module_param(join, bool, 0444);
MODULE_PARM_DESC(join, "Join runs across the edges of bitmaps; the posting does not");
uint message_chunks = MAX_CHUNKS;
module_param(message_chunks, uint, 0444);
MODULE_PARM_DESC(message_chunks, "Chunks in one message, 1 to 2047");
uint bitmap_bits = MAX_BITMAP_BITS;
module_param(bitmap_bits, uint, 0444);
MODULE_PARM_DESC(bitmap_bits, "Pages one bitmap covers: a multiple of 64, at most 262144");
uint max_bitmaps = MAX_BITMAPS;
module_param(max_bitmaps, uint, 0444);
MODULE_PARM_DESC(max_bitmaps, "Bitmaps in hand at once, 1 to 32");
uint ack_timeout_ms = 30000;
module_param(ack_timeout_ms, uint, 0444);
MODULE_PARM_DESC(ack_timeout_ms, "A host that has not answered by then is given up");

/* Ask the host to forget all it knows of this guest; 0 once it has. */
static int reset(struct balloon *b)
{
	WRITE_ONCE(b->config->device_features, 0);	/* the host writes them last */
	virt_wmb();
	WRITE_ONCE(b->config->status, FAILED);
	doorbell(b, VECTOR_STATUS);
	if (!wait_event_timeout(b->answer, READ_ONCE(b->config->device_features),
				msecs_to_jiffies(ack_timeout_ms)))
		return -ETIMEDOUT;
	b->inflate.sent = b->deflate.sent = 0;
	b->doubt_pfn = b->doubt_end_pfn = 0;
	b->broken = false;
	return 0;
}

static int start(struct balloon *b)
{
	int error = reset(b);

	if (error) {
		dev_err(&b->pdev->dev, "no host answers at the other end of the window\n");
		return error;
	}
	if (!(le32_to_cpu(READ_ONCE(b->config->device_features)) & PAGE_CHUNKS)) {
		dev_err(&b->pdev->dev, "the host does not offer PAGE_CHUNKS\n");
		b->broken = true;
		return -EOPNOTSUPP;
	}
	b->config->driver_features = cpu_to_le32(MUST_TELL_HOST | PAGE_CHUNKS);
	virt_wmb();		/* features are written before the status that says so */
	WRITE_ONCE(b->config->status, STATUS_READY);
	doorbell(b, VECTOR_STATUS);
	return 0;
}

static void towards_target(struct work_struct *work)
{
	struct balloon *b = container_of(to_delayed_work(work), struct balloon, work);
	unsigned long target;
	__le32 request;
	bool puff = true;

	mutex_lock(&b->lock);
	if (b->broken || needs_reset(b)) {
		b->broken = true;
		if (start(b)) {
			mutex_unlock(&b->lock);
			return;
		}
		release_untold(b);	/* after a reset the guest owns all its pages again */
	}
	request = READ_ONCE(b->config->request);
	virt_rmb();		/* a later target may be read than the one of this request */
	target = le32_to_cpu(READ_ONCE(b->config->num_pages)) / WIRE_PAGES;
	if (target < b->held)
		leak(b, b->held - target);
	mutex_unlock(&b->lock);
	if (target > b->held)	/* allocated without the lock, which migration wants meanwhile */
		puff = fill(b, target - b->held);
	WRITE_ONCE(b->config->actual, cpu_to_le32(b->held * WIRE_PAGES));
	virt_wmb();
	WRITE_ONCE(b->config->served, request);
	doorbell(b, VECTOR_STATUS);
	if (!b->broken && !READ_ONCE(b->removing) && (!puff || b->held != target))
		schedule_delayed_work(&b->work, msecs_to_jiffies(PUFF_WAIT_MS));
}

static irqreturn_t on_config(int irq, void *data)
{
	struct balloon *b = data;

	wake_up(&b->answer);
	if (!READ_ONCE(b->removing))
		mod_delayed_work(system_wq, &b->work, 0);
	return IRQ_HANDLED;
}

static irqreturn_t on_ack(int irq, void *data)
{
	struct balloon *b = data;

	wake_up(&b->answer);
	if (READ_ONCE(b->broken) && !READ_ONCE(b->removing))	/* late, but it lives */
		mod_delayed_work(system_wq, &b->work, 0);
	return IRQ_HANDLED;
}

static void lay_queue(struct balloon *b, struct queue *q, u32 number)
{
	u32 base = WINDOW_PAGE + number * QUEUE_BYTES;
	u32 avail = base + QUEUE_SIZE * sizeof(struct descriptor);
	u32 used = ALIGN(avail + 4 + 2 * QUEUE_SIZE, 4);

	q->number = number;
	q->room_address = base + WINDOW_PAGE;
	q->table = b->window + base;
	q->avail = b->window + avail;
	q->used = b->window + used;
	q->room = b->window + q->room_address;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct balloon *b = devm_kzalloc(&pdev->dev, sizeof(*b), GFP_KERNEL);
	int error;

	if (!b)
		return -ENOMEM;
	error = pcim_enable_device(pdev);
	if (error)
		return error;
	if (pci_resource_len(pdev, 2) < WINDOW_BYTES)
		return -EINVAL;
	error = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (error)
		return error;
	b->pdev = pdev;
	b->registers = pcim_iomap_table(pdev)[0];
	b->window = devm_memremap(&pdev->dev, pci_resource_start(pdev, 2), WINDOW_BYTES, MEMREMAP_WB);
	if (IS_ERR(b->window))
		return PTR_ERR(b->window);
	b->config = b->window;
	lay_queue(b, &b->inflate, 0);
	lay_queue(b, &b->deflate, 1);
	init_waitqueue_head(&b->answer);
	INIT_DELAYED_WORK(&b->work, towards_target);
	mutex_init(&b->lock);
	balloon_devinfo_init(&b->info);
#ifdef CONFIG_BALLOON_COMPACTION
	b->info.migratepage = migrate;
#endif
	take_bitmaps(&b->bitmaps, 1);
	if (!b->bitmaps.count)
		return -ENOMEM;
	pci_set_drvdata(pdev, b);
	pci_set_master(pdev);	/* before MSI-X: QEMU sends no interrupt without it */
	error = pci_alloc_irq_vectors(pdev, 2, 2, PCI_IRQ_MSIX);
	if (error < 0)
		goto no_vectors;
	error = request_irq(pci_irq_vector(pdev, VECTOR_CONFIG), on_config, 0, "balloon-config", b);
	if (error)
		goto no_config;
	error = request_irq(pci_irq_vector(pdev, VECTOR_ACK), on_ack, 0, "balloon-ack", b);
	if (error)
		goto no_ack;
	mutex_lock(&b->lock);
	error = start(b);
	mutex_unlock(&b->lock);
	if (error)
		goto no_host;
	mod_delayed_work(system_wq, &b->work, 0);
	return 0;

no_host:
	WRITE_ONCE(b->removing, true);
	free_irq(pci_irq_vector(pdev, VECTOR_ACK), b);
no_ack:
	free_irq(pci_irq_vector(pdev, VECTOR_CONFIG), b);
no_config:
	pci_free_irq_vectors(pdev);
no_vectors:
	cancel_delayed_work_sync(&b->work);
	return_bitmaps(&b->bitmaps, 0);
	return error;
}

static void remove(struct pci_dev *pdev)
{
	struct balloon *b = pci_get_drvdata(pdev);

	WRITE_ONCE(b->removing, true);
	cancel_delayed_work_sync(&b->work);
	mutex_lock(&b->lock);
	while (b->held && !b->broken) {
		leak(b, b->held);
		cond_resched();
	}
	reset(b);
	release_untold(b);
	mutex_unlock(&b->lock);
	free_irq(pci_irq_vector(pdev, VECTOR_ACK), b);
	free_irq(pci_irq_vector(pdev, VECTOR_CONFIG), b);
	pci_free_irq_vectors(pdev);
	cancel_delayed_work_sync(&b->work);
	return_bitmaps(&b->bitmaps, 0);
}

static const struct pci_device_id devices[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },	/* ivshmem */
	{ }
};
MODULE_DEVICE_TABLE(pci, devices);

static struct pci_driver driver = {
	.name = KBUILD_MODNAME,
	.id_table = devices,
	.probe = probe,
	.remove = remove,
};

static int __init balloon_init(void)
{
	if (!message_chunks || message_chunks > MAX_CHUNKS || !max_bitmaps ||
	    max_bitmaps > MAX_BITMAPS || !bitmap_bits || bitmap_bits % 64 ||
	    bitmap_bits > MAX_BITMAP_BITS || !ack_timeout_ms)
		return -EINVAL;
	return pci_register_driver(&driver);
}
module_init(balloon_init);

static void __exit balloon_exit(void)
{
	pci_unregister_driver(&driver);
}
module_exit(balloon_exit);

MODULE_DESCRIPTION("Memory balloon that speaks PAGE_CHUNKS, for balloonkit");
MODULE_LICENSE("Dual MIT/GPL");
