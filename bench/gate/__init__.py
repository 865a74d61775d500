"""The gate: is head slower than base? Base and head are arms of lockstep; the answer is a verdict with its reasons."""
