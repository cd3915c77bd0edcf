"""What the phases are, for a reader who meets the words for the first time."""

MEANINGS = {
    "ordered": "inputs become alike, and gradients vanish on their way back",
    "critical": "between order and chaos: gradients keep their size, and what tells inputs apart fades slowest",
    "chaotic": "inputs that are all but alike are driven apart, and gradients explode on their way back",
    "diverges": "signals grow without end",
}
