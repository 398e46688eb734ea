/** Of /proc/PID/mountinfo, proc_pid_mountinfo(5); octal escapes are resolved. */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor` */
  readonly device: string;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly fileSystem: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Every line that has the form; the kernel ends the optional fields with ` - `. */
export function parseMountinfo(text: string): readonly MountInfo[] {
  return text.split("\n").flatMap((line) => parseMountinfoLine(line) ?? []);
}

function parseMountinfoLine(line: string): MountInfo | undefined {
  const fields = line.split(" ");
  const separator = fields.indexOf("-", 6);
  const [id, parentId, device, root, mountPoint, options] = fields;
  const [fileSystem, source, superOptions] = separator < 0 ? [] : fields.slice(separator + 1);
  if (id === undefined || parentId === undefined || device === undefined) return undefined;
  if (root === undefined || mountPoint === undefined || options === undefined) return undefined;
  if (fileSystem === undefined || source === undefined) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options,
    fileSystem,
    source: unescapeOctal(source),
    superOptions: (superOptions ?? "").split(",").map(unescapeOctal),
  };
}

/** fs/seq_file.c, mangle_path(): space, tab, newline and backslash as three octal digits, one byte each. */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
