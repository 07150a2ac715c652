"""Ground floor: what is stored, under which id, and how it is found again."""
