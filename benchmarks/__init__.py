"""Benchmarks: Waybill beside what else one could take, on the same Postgres, in the same run. Start: `make bench`."""
