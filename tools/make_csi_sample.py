"""Make the package's sample of channel matrices: the first 256 drops of UMi with seed 1.

    python tools/make_csi_sample.py

They are float16, as in the cache of drops, 1 MB, which compression makes a tenth smaller.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from semcomm.data.choice import CSI_SAMPLE
from semcomm.data.csi_drops import CsiDrops
from semcomm.data.drops import Drops


def main() -> None:
    with TemporaryDirectory() as folder:
        matrices = CsiDrops("umi", Drops(count=256, seed=1), Path(folder)).load(0, 256)
    np.savez_compressed(CSI_SAMPLE, matrices=np.stack(matrices).astype(np.float16))
    print(f"{CSI_SAMPLE}: {CSI_SAMPLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
