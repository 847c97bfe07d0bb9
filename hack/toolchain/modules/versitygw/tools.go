//go:build tools

// Package toolchain pins the programs that Marina's local environment builds from source.
package toolchain

import (
	_ "github.com/versity/versitygw/cmd/versitygw"
)
