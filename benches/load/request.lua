-- Posts the file BODY; LENGTH is the length of its JSON where bytes follow it.
local file = io.open(os.getenv("BODY"), "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
if os.getenv("LENGTH") then
   wrk.headers["Inference-Header-Content-Length"] = os.getenv("LENGTH")
end
