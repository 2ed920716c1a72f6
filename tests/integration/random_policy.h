// users.acl files by chance: valid for the server and for the proxy, and close to
// the commands and keys of random_command.h, so that every verdict comes up.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace respgate::test {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); }
inline bool chance(Random& random, double probability) { return std::bernoulli_distribution(probability)(random); }
template <typename T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[below(random, choices.size())];
}

// Users u0 … u(count-1), each with the password "u0-secret" …, and root, who may do everything ("root-secret").
// `commands`: full names ("config|get") that the server knows.
std::string random_users(Random& random, std::size_t count, const std::vector<std::string>& commands);

}  // namespace respgate::test
