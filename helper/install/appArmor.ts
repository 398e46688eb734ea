import { versionsDirectory } from "./places.ts";

/**
 * Where AppArmor takes the capabilities in a user namespace from every program that no profile names: it confines the
 * launcher in nothing, and gives user namespaces to it alone. It is root's, so that no user can put another program in
 * its place.
 */
export const appArmorProfile = `abi <abi/4.0>,
include <tunables/global>

profile io.github.terrarium ${versionsDirectory}/*/native/launcher flags=(unconfined) {
  userns,
  include if exists <local/io.github.terrarium>
}
`;
