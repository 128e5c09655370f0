"""Logging handler that turns Meltano run events into Feishu bot cards."""
