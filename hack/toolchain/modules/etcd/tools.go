//go:build tools

// Package toolchain pins the programs that Marina's local environment builds from source.
package toolchain

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
