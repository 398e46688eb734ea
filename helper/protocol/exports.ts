/** The tools that a sandbox can be written down for. */
export const exportFormats = ["docker", "podman", "bwrap", "unshare", "oci"] as const;

export type ExportFormat = (typeof exportFormats)[number];
