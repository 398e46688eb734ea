/** Whether a variable of the environment may hold what is not for every eye. Too often yes is right. */

/** Parts of names, between the underscores and hyphens: `DB_PASSWORD`, `AWS_SECRET_ACCESS_KEY`. */
const telling =
  /(^|[_\-.])(pass|passwd|password|passphrase|pw|pwd|pin|secret|secrets|token|tokens|key|keys|apikey|auth|authorization|cookie|cookies|session|cred|creds|credential|credentials|private|cert|certificate|salt|seed|dsn|jwt|pat|bearer|signature|webhook)([_\-.]|$)|password|secret|token|apikey/i;

/** `scheme://user:password@host` in any variable. */
const urlWithPassword = /:\/\/[^/\s:@]*:[^/\s@]+@/;

/** What keys and tokens begin with, whatever the variable is called: PEM, JWT, GitHub, AWS, Slack. */
const tellingValue =
  /-----BEGIN|^eyJ[\w-]{10}|^(gh[pousr]|github_pat|xox[abprs])[_-]|^AKIA[0-9A-Z]{8}/;

export function isSecret(name: string, value: string): boolean {
  // Directories, which every shell has.
  if (name === "PWD" || name === "OLDPWD") return false;
  return telling.test(name) || urlWithPassword.test(value) || tellingValue.test(value);
}
