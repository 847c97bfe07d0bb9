// Names that kubeadm and the kubelet agree on (cmd/kubeadm/app/constants/constants.go).

/** Every kubelet, by its client certificate. */
export const NODES_GROUP = 'system:nodes';

/** Holders of a bootstrap token that kubeadm made. */
export const BOOTSTRAP_TOKEN_GROUP = 'system:bootstrappers:kubeadm:default-node-token';
