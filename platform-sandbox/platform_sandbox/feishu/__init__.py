"""The feishu half of the sandbox."""
