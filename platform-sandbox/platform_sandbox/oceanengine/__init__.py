"""The oceanengine half of the sandbox."""
