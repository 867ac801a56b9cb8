-- Asks CredentialFlow whether a request may pass. Loaded by haproxy.cfg, which names the URL of the question.
local url = os.getenv("CREDENTIALFLOW_AUTHZ")

local identity = {
  "x-auth-subject", "x-auth-username", "x-auth-session", "x-auth-client", "x-auth-roles",
  "x-auth-permissions", "x-auth-amr", "x-auth-acr", "x-auth-actor", "x-auth-token",
}

-- All values of a header, in their order: one that is sent twice has to be seen twice.
local function all(values)
  local list = {}
  local index = 0
  while values and values[index] do
    list[#list + 1] = values[index]
    index = index + 1
  end
  return list
end

local function first(headers, name)
  return headers and headers[name] and headers[name][0] or ""
end

core.register_action("credentialflow", { "http-req" }, function(txn)
  txn:set_var("txn.authz", "503")
  local sent = txn.http:req_get_headers()
  local question = {
    ["x-original-method"] = { txn.sf:method() },
    ["x-original-host"] = all(sent["host"]),
    ["x-original-uri"] = { txn.sf:pathq() },
    ["x-forwarded-for"] = { txn.sf:src() },
  }
  for _, name in ipairs({ "authorization", "x-api-key" }) do
    if sent[name] then question[name] = all(sent[name]) end
  end

  local answer = core.httpclient():get({ url = url, headers = question, timeout = 3000 })
  if not answer then return end
  local reason = first(answer.headers, "x-authz-reason")
  txn:set_var("txn.authz_reason", reason)
  txn:set_var("txn.authz_challenge", first(answer.headers, "www-authenticate"))
  txn:set_var("txn.authz_retry_after", first(answer.headers, "retry-after"))

  if answer.status == 200 then
    for _, name in ipairs(identity) do
      txn.http:req_set_header(name, first(answer.headers, name))
    end
    txn:set_var("txn.authz", "200")
  elseif answer.status == 401 then
    txn:set_var("txn.authz", "401")
  elseif answer.status == 403 and (reason == "rate_limited" or reason == "budget_exhausted") then
    txn:set_var("txn.authz", "429")
  elseif answer.status == 403 and reason ~= "unavailable" then
    txn:set_var("txn.authz", "403")
  end
end)
