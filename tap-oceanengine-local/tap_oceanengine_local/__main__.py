"""`python -m tap_oceanengine_local` is the tap's command line."""

from __future__ import annotations

from tap_oceanengine_local.tap import TapOceanEngineLocal

if __name__ == "__main__":
    TapOceanEngineLocal.cli()
