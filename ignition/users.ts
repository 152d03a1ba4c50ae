/**
 * Users and groups of the control plane's containers, by number. Flatcar's base layout has `etcd` by that name; the others have
 * none, and are above those that systemd gives to units (systemd.exec(5), `DynamicUser=`: 61184 to 65519).
 */
export const users = {
  etcdUser: 232,
  apiserverUser: 66001,
  controllerManagerUser: 66002,
  schedulerUser: 66003,
} as const;
