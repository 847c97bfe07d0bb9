//go:build tools

// Package toolchain pins the programs that Marina's local environment builds from source.
package toolchain

import (
	_ "sigs.k8s.io/metrics-server/cmd/metrics-server"
)
