"""What a scenario's section `codec` may name, one file each."""
