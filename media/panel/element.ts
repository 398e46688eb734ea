type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

/**
 * An element with attributes and children. Text is always a text node: no name that a process chose can
 * become markup, because nothing here parses any.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function button(
  label: string,
  press: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = element("button", { type: "button", class: "button", ...attributes }, label);
  made.addEventListener("click", press);
  return made;
}

/** `true` is an attribute without a value; undefined and false are none. */
export function setAttribute(
  of: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) of.removeAttribute(name);
  else of.setAttribute(name, value === true ? "" : `${value}`);
}

/** Writes a text where it is another than before: what did not change is not touched, nor read out again. */
export function setText(of: Element, text: string): void {
  if (of.textContent !== text) of.textContent = text;
}
