"""A relay that only passes bytes on, as one writes it with aiohttp; for `serving.py`.

python bare_relay.py PROVIDER PORT
"""

import sys

import aiohttp
from aiohttp import web


async def session(app):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False) as app[
        "session"
    ]:
        yield


async def pass_on(request):
    headers = {"content-type": "application/json", "authorization": request.headers["authorization"]}
    url = sys.argv[1] + request.path
    async with request.app["session"].post(url, data=await request.read(), headers=headers) as reply:
        if reply.content_type != "text/event-stream":
            return web.Response(body=await reply.read(), content_type=reply.content_type)
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        async for data in reply.content.iter_any():
            await answer.write(data)
        return answer


app = web.Application()
app.cleanup_ctx.append(session)
app.router.add_post("/v1/chat/completions", pass_on)
app.router.add_get("/v1/models", lambda request: web.json_response({}))
web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), print=None, access_log=None)
