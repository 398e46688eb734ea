import { starterPath } from "./places.ts";

/** Which of polkit's defaults: who is at the machine, and who is not. polkit(8). */
interface Allowed {
  readonly any: Default;
  readonly inactive: Default;
  readonly active: Default;
}
type Default = "auth_admin" | "auth_admin_keep";

interface Action {
  readonly id: string;
  readonly description: string;
  readonly descriptionChinese: string;
  readonly message: string;
  readonly messageChinese: string;
  readonly allowed: Allowed;
}

/** Asked about each time: what one enters or changes is another thing the next time. */
const eachTime: Allowed = { any: "auth_admin", inactive: "auth_admin", active: "auth_admin" };
/** For some minutes, to who sits at the machine. */
const forAWhile: Allowed = { ...eachTime, active: "auth_admin_keep" };

const prefix = "io.github.terrarium";

const actions: readonly Action[] = [
  {
    id: "inspect",
    description: "Look at the processes and namespaces of other users",
    descriptionChinese: "查看其他用户的进程和命名空间",
    message: "Authentication is required to look at what other users and the system run",
    messageChinese: "查看其他用户和系统正在运行的内容需要认证",
    allowed: forAWhile,
  },
  {
    id: "enter",
    description: "Enter a process of another user",
    descriptionChinese: "进入其他用户的进程",
    message: "Authentication is required to enter a process that is not yours",
    messageChinese: "进入不属于您的进程需要认证",
    allowed: eachTime,
  },
  {
    id: "limits",
    description: "Change the limits of what is not one's own",
    descriptionChinese: "更改不属于自己的资源限制",
    message:
      "Authentication is required to change the limits of a cgroup or process that is not yours",
    messageChinese: "更改不属于您的 cgroup 或进程的资源限制需要认证",
    allowed: eachTime,
  },
  {
    id: "sandbox",
    description: "Change or end sandboxes of other users",
    descriptionChinese: "更改或结束其他用户的沙盒",
    message: "Authentication is required to change or end a sandbox that is not yours",
    messageChinese: "更改或结束不属于您的沙盒需要认证",
    allowed: eachTime,
  },
];

const helper: Action = {
  id: "helper",
  description: "Start Terrarium's root helper",
  descriptionChinese: "启动 Terrarium 的 root 助手",
  message: "Authentication is required to start Terrarium's helper as root",
  messageChinese: "以 root 身份启动 Terrarium 助手需要认证",
  allowed: forAWhile,
};

/** The file that tells polkit of them: its DTD is PolicyKit/1.0/policyconfig.dtd. */
export function policyText(version: string): string {
  const path = `    <annotate key="org.freedesktop.policykit.exec.path">${starterPath(version)}</annotate>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
<policyconfig>
  <vendor>Terrarium</vendor>
  <icon_name>${prefix}</icon_name>
${actions.map((action) => actionText(action)).join("\n")}
${actionText(helper, path)}
</policyconfig>
`;
}

function actionText(action: Action, ...annotations: readonly string[]): string {
  const { any, inactive, active } = action.allowed;
  return [
    `  <action id="${prefix}.${action.id}">`,
    `    <description>${action.description}</description>`,
    `    <description xml:lang="zh_CN">${action.descriptionChinese}</description>`,
    `    <message>${action.message}</message>`,
    `    <message xml:lang="zh_CN">${action.messageChinese}</message>`,
    "    <defaults>",
    `      <allow_any>${any}</allow_any>`,
    `      <allow_inactive>${inactive}</allow_inactive>`,
    `      <allow_active>${active}</allow_active>`,
    "    </defaults>",
    ...annotations,
    "  </action>",
  ].join("\n");
}
