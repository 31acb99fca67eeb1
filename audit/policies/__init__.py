"""Rule packs and the product catalogue, as data. Reading them is `services.packs`; their meaning is `domain.policy`."""
