"""The laboratory: two sites in network namespaces, real peers, numbered traffic, captures. See README.md."""
