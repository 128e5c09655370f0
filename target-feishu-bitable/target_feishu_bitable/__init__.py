"""Singer target that upserts records into a 飞书多维表格 (Feishu Bitable)."""
