#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The daemon scores with kernels of its own: BLAS, and the threads and memory it brings, is for training.
# Usage: no_blas.sh GANADD
set -eu
needed=$(readelf -d "$1" | grep NEEDED)
case $needed in
*blas*) echo "ganadd is linked with BLAS:"; echo "$needed"; exit 1 ;;
*libevent_core*) ;;
*) echo "no libevent in: $needed"; exit 1 ;;
esac
