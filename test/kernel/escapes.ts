/**
 * The ways out of a sandbox that the escape suite tries: attempts of attacks/escape/, by name, with
 * every wall that alone is enough to stop each.
 */

/** What attacks/escape/jar.c can leave out of a copy of a sandbox. */
export type Wall =
  /** The system-call filter. */
  | "seccomp"
  /** Docker's set without some; else all that the user namespace knows. */
  | "capabilities"
  | "no_new_privs"
  /** Its own user namespace, with ids that nobody has; else the host's root. */
  | "user"
  | "mnt"
  | "pid"
  | "net"
  | "ipc"
  | "uts"
  | "cgroup"
  /** Masks, pins, and the flags ro, nosuid and nodev. */
  | "mounts"
  /** Else chroot(2) only. */
  | "pivot_root"
  /** Nothing but 0, 1 and 2 is passed on. */
  | "descriptors"
  /** Variables are passed on by an allow-list. */
  | "environment";

export interface Escape {
  readonly stoppedBy: readonly Wall[];
  /** Missing in every try: what else a kernel may ask for by its settings, or what hides the thing itself. */
  readonly beside?: readonly Wall[];
  /** The attempt exists there only. */
  readonly architecture?: NodeJS.Architecture;
}

/** The kernel asks for a capability of the initial user namespace. */
const initialCapability = ["seccomp", "capabilities", "user"] as const;

export const escapes: Readonly<Record<string, Escape>> = {
  // Files.
  read_hidden_file: { stoppedBy: ["mnt"] },
  read_roots_file: { stoppedBy: ["mnt", "user"] },
  watch_hidden_file: { stoppedBy: ["mnt"] },
  read_shadow: { stoppedBy: ["mnt", "user"] },
  read_shadow_by_its_group: { stoppedBy: ["mnt", "user"] },
  link_roots_file: { stoppedBy: ["mnt", "user"] },
  read_leaked_descriptor: { stoppedBy: ["descriptors"] },
  open_by_handle: { stoppedBy: initialCapability },
  watch_file_system: { stoppedBy: initialCapability },
  plant_by_chmod: { stoppedBy: ["seccomp"] },
  plant_by_fchmodat2: { stoppedBy: ["seccomp"] },
  plant_by_open: { stoppedBy: ["seccomp"] },
  plant_by_mknod: { stoppedBy: ["seccomp"] },
  plant_by_int80: { stoppedBy: ["seccomp"], architecture: "x64" },
  plant_capability: { stoppedBy: ["capabilities"] },
  exec_set_uid: { stoppedBy: ["no_new_privs", "mounts"] },
  write_git_hook: { stoppedBy: ["mounts"] },
  write_git_configuration: { stoppedBy: ["mounts"] },
  write_editor_settings: { stoppedBy: ["mounts"] },
  replace_git_hooks: { stoppedBy: ["mounts"] },
  replace_git: { stoppedBy: ["mounts"] },

  // Mounts, devices, namespaces, cgroups.
  mount_tmpfs: { stoppedBy: ["seccomp", "capabilities"] },
  mount_tmpfs_by_descriptors: { stoppedBy: ["seccomp", "capabilities"] },
  read_disk: { stoppedBy: ["capabilities", "user", "mounts"] },
  read_kernel_log_device: { stoppedBy: ["capabilities", "user", "mounts"] },
  mount_disk: { stoppedBy: ["seccomp", "capabilities", "user", "mounts"] },
  look_under_masks: { stoppedBy: ["seccomp", "capabilities"] },
  make_writable: { stoppedBy: ["seccomp", "capabilities"] },
  walk_out_of_root: { stoppedBy: ["pivot_root"] },
  enter_root_of_neighbour: { stoppedBy: ["seccomp", "capabilities", "user", "pid"] },
  write_memory_of_neighbour: { stoppedBy: ["seccomp", "capabilities", "user", "pid"] },
  join_hosts_network: { stoppedBy: ["seccomp", "capabilities", "user", "mnt"] },
  write_sysfs: { stoppedBy: ["mnt", "user"] },
  write_sysctl: { stoppedBy: ["mounts", "user"] },
  rewrite_limit: { stoppedBy: ["seccomp", "user"] },
  move_to_other_cgroup: { stoppedBy: [...initialCapability, "cgroup"] },
  mount_overlay_in_new_namespaces: { stoppedBy: ["seccomp"] },
  clone_user_namespace: { stoppedBy: ["seccomp"] },
  clone3_user_namespace: { stoppedBy: ["seccomp"] },

  // Processes.
  signal_neighbour: { stoppedBy: ["pid", "user"] },
  signal_neighbour_by_pidfd: { stoppedBy: ["pid", "user"] },
  trace_neighbour: { stoppedBy: ["pid", "user", "capabilities"] },
  read_neighbours_memory: { stoppedBy: ["seccomp", "pid", "user", "capabilities"] },
  take_neighbours_descriptor: { stoppedBy: ["seccomp", "pid", "user", "capabilities"] },
  compare_with_neighbour: { stoppedBy: ["seccomp", "pid", "user", "capabilities"] },
  slow_neighbour_down: { stoppedBy: ["pid", "user", "capabilities"] },
  pin_neighbour: { stoppedBy: ["pid", "user", "capabilities"] },
  limit_neighbour: { stoppedBy: ["seccomp", "pid", "user"] },
  go_first: { stoppedBy: ["capabilities", "user"] },
  attach_shared_memory: { stoppedBy: ["ipc", "user"] },
  read_message_queue: { stoppedBy: ["ipc", "user"] },
  name_host: { stoppedBy: ["capabilities", "uts", "user"] },
  read_init_program: { stoppedBy: ["capabilities", "user"] },
  write_init_memory: { stoppedBy: ["capabilities", "user"] },
  trace_init: { stoppedBy: ["capabilities", "user"] },

  // The kernel's own doors.
  load_bpf_program: { stoppedBy: initialCapability },
  count_events_of_cpu: { stoppedBy: ["seccomp"], beside: ["capabilities", "user"] },
  handle_page_faults: { stoppedBy: ["seccomp"], beside: ["capabilities", "user"] },
  set_up_io_uring: { stoppedBy: ["seccomp"], beside: ["capabilities", "user"] },
  find_hosts_key: { stoppedBy: ["seccomp", "user"] },
  add_key: { stoppedBy: ["seccomp"] },
  read_kernel_log: { stoppedBy: initialCapability },
  reach_hypervisor: { stoppedBy: ["seccomp"] },
  type_into_terminal: { stoppedBy: ["seccomp"], beside: ["capabilities", "user"] },
  type_into_terminal_by_high_bits: { stoppedBy: ["seccomp"], beside: ["capabilities", "user"] },
  load_line_discipline: { stoppedBy: ["seccomp"] },
  make_segments: { stoppedBy: ["seccomp"], architecture: "x64" },

  // Sockets.
  connect_abstract_socket: { stoppedBy: ["net"] },
  connect_hidden_socket: { stoppedBy: ["mnt"] },
  command_editor: { stoppedBy: ["environment", "mnt", "user"] },
  pose_as_root: { stoppedBy: ["user"] },
  connect_loopback: { stoppedBy: ["net"] },
  see_interface: { stoppedBy: ["net"] },
  raise_interface: { stoppedBy: ["net", "user", "capabilities"] },
  overhear_packets: { stoppedBy: ["net", "user"] },
  overhear_datagrams: { stoppedBy: ["net", "user"] },
};

/** What harms the whole machine when it works: for a throw-away one. */
export const machineEscapes: Readonly<Record<string, Escape>> = {
  set_clock: { stoppedBy: initialCapability },
  slow_clock_down: { stoppedBy: initialCapability },
  load_module: { stoppedBy: initialCapability },
  load_module_of_family: { stoppedBy: ["seccomp"] },
  replace_kernel: { stoppedBy: initialCapability },
  never_be_killed: { stoppedBy: ["capabilities", "user"] },
  run_before_all_others: { stoppedBy: ["capabilities", "user"] },
  raise_hard_limit: { stoppedBy: ["capabilities", "user"] },
  swap_to_device: { stoppedBy: [...initialCapability, "mounts"] },
  account_processes: { stoppedBy: initialCapability },
  read_physical_memory: { stoppedBy: ["capabilities", "user", "mounts"] },
  use_ports: { stoppedBy: initialCapability, architecture: "x64" },
  read_kernel_addresses: { stoppedBy: ["capabilities", "user"] },
  use_kernel_crypto: { stoppedBy: ["seccomp"] },
  press_sysrq: { stoppedBy: ["mounts", "user"] },
  take_core_dumps: { stoppedBy: ["mounts", "user"] },
  take_module_loading: { stoppedBy: ["mounts", "user"] },
  take_release_agent: { stoppedBy: [...initialCapability, "cgroup"] },
};
