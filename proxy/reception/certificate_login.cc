#include "proxy/reception/certificate_login.h"

#include <algorithm>
#include <utility>

#include "proxy/common/log_text.h"

namespace respgate::proxy {

CertificateLogin certificate_login(const X509& certificate, const ListenerConfig& listener, const acl::Policy& policy) {
  const ListenerTlsConfig& tls = *listener.tls;
  tls::IdentityResult identity = tls::peer_identity(certificate, *tls.client_identity);
  if (!identity) return {{}, identity.error().why, {}};
  const auto same = [&](const auto& row) { return row.first == *identity; };
  const auto row = std::find_if(tls.identities.begin(), tls.identities.end(), same);
  const std::string& name = row != tls.identities.end() ? row->second : *identity;
  const acl::Principal* user = policy.find(name);
  const auto refuse = [&](const std::string& what) {
    return CertificateLogin{user != nullptr ? user->name() : "", log_text(*identity) + " " + what, *identity};
  };
  if (user == nullptr) return refuse("is the name of no user: add it to identities");
  if (!user->is_enabled()) return refuse("is a user who is off: write 'on' in users.acl");
  if (!listener.user_group.empty() && !policy.is_member(listener.user_group, user->name()))
    return refuse("is not a member of group " + listener.user_group + ": add it to users.groups");
  return {user->name(), {}, std::move(*identity)};
}

}  // namespace respgate::proxy
