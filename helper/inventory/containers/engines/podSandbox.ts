/** The container that holds a pod's namespaces: CRI's word for it. */
export const podSandbox = "pod sandbox";
