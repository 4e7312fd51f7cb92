"""The verdict on a comparison: a label, the reasons for it, and the evidence."""
