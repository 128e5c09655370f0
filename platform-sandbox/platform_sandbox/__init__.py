"""Ocean Engine and Feishu on localhost: a faithful, strict and stateful fake of both platforms."""
