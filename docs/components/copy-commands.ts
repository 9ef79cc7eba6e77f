/** Puts behind each command in a text a button that copies it, where room is kept for it. */
export function startCopyingCommands(page: Document): void {
  if (!navigator.clipboard) return; // a page that did not come over https
  for (const code of page.querySelectorAll('main code.command'))
    addButton(code, code.textContent ?? '');
}

function addButton(code: Element, command: string): void {
  const button = document.createElement('button');
  const status = document.createElement('span');
  Object.assign(button, { type: 'button', className: 'copy-command', title: 'Copy the command' });
  button.ariaLabel = `Copy ${command}`;
  status.role = 'status';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command);
    status.textContent = 'Copied';
  });
  button.addEventListener('blur', () => status.replaceChildren());
  code.after(button, status);
}
