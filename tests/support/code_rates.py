"""Code rates of LDPC codes that tests go through."""

RATES = (
    "1/5",
    "1/4",
    "1/3",
    "2/5",
    "1/2",
    "3/5",
    "2/3",
    "3/4",
    "4/5",
    "5/6",
    "7/8",
    "8/9",
    "11/12",
)
