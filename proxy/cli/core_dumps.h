// A core of this process would hold private keys, passwords and other people's data.
#pragma once

namespace respgate::proxy {

// None is written from now on, neither as a file nor to a program that collects them; debuggers need root.
void forbid_core_dumps();

}  // namespace respgate::proxy
